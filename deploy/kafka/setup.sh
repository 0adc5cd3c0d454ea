#!/usr/bin/env bash
# Once, before the stages start: who may do what. Ends when it is done; doing it again changes nothing.
#
#   setup.sh BOOTSTRAP ADMIN_PROPERTIES PREFIX
#
# The principals are the names in the certificates of certs.sh. KAFKA_ACLS names the tool, as in acls.sh beside this file.
set -euo pipefail

if [ $# -ne 3 ]; then
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
fi
bootstrap=$1 config=$2 prefix=$3

"$(dirname "$0")/acls.sh" "$bootstrap" "$config" "$prefix" \
  User:leakstream-collect User:leakstream-match User:leakstream-alert User:leakstream-operator

# one stage makes the topics, as the configuration says; match and alert wait for it
"${KAFKA_ACLS:-kafka-acls.sh}" --bootstrap-server "$bootstrap" --command-config "$config" --add \
  --allow-principal User:leakstream-collect --operation Create --topic "$prefix" --resource-pattern-type prefixed
