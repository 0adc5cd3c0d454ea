#!/usr/bin/env bash
# Who may do what on the topics of leakstream. Run once by somebody who may change access rights, and again after an upgrade: adding a
# right that is there changes nothing. docs/how-to/kafka.md explains each right.
#
#   acls.sh BOOTSTRAP COMMAND_CONFIG PREFIX COLLECT MATCH ALERT OPERATOR
#
# BOOTSTRAP host:port; COMMAND_CONFIG a properties file for Kafka's own tools; PREFIX the [bus] prefix, such as "leakstream.";
# the others are principals, such as "User:leakstream-collect". KAFKA_ACLS names the tool where kafka-acls.sh is not on the PATH.
set -euo pipefail

if [ $# -ne 7 ] || [ -z "$3" ]; then
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
fi
bootstrap=$1 config=$2 prefix=$3 collect=$4 match=$5 alert=$6 operator=$7

allow() {
  "${KAFKA_ACLS:-kafka-acls.sh}" --bootstrap-server "$bootstrap" --command-config "$config" --add "$@"
}

# All stages see that every topic is there and whether its settings are ours. Describing shows no record.
allow --allow-principal "$collect" --allow-principal "$match" --allow-principal "$alert" \
  --operation Describe --operation DescribeConfigs --topic "$prefix" --resource-pattern-type prefixed

# A collector writes sightings only to answer what alerting asked: a place and a word, no name from outside (docs/decisions/0017-following.md).
allow --allow-principal "$collect" --operation Write \
  --topic "${prefix}documents.v1" --topic "${prefix}coverage.v1" --topic "${prefix}requests.v1" \
  --topic "${prefix}requests.v1.dlq" --topic "${prefix}sightings.v1"
allow --allow-principal "$collect" --operation Read \
  --topic "${prefix}requests.v1" --group "${prefix}collect"

allow --allow-principal "$match" --operation Read \
  --topic "${prefix}documents.v1" --group "${prefix}match"
allow --allow-principal "$match" --operation Write \
  --topic "${prefix}findings.v1" --topic "${prefix}sightings.v1" --topic "${prefix}coverage.v1" \
  --topic "${prefix}documents.v1.dlq"

# No right on documents.v1 and documents.v1.dlq: whoever takes over the stage that talks to the outside reads no plain text.
allow --allow-principal "$alert" --operation Read \
  --topic "${prefix}findings.v1" --topic "${prefix}sightings.v1" --topic "${prefix}coverage.v1" --group "${prefix}alert"
allow --allow-principal "$alert" --operation Write \
  --topic "${prefix}findings.v1.dlq" --topic "${prefix}sightings.v1.dlq" --topic "${prefix}coverage.v1.dlq" \
  --topic "${prefix}requests.v1"

# Makes the topics and handles dead letters.
allow --allow-principal "$operator" --operation All --topic "$prefix" --group "$prefix" --resource-pattern-type prefixed
