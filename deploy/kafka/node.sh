#!/usr/bin/env bash
# Starts one node of the cluster: its own properties behind the common ones, its storage made at the first start.
#
#   NODE=1 CLUSTER_ID=… node.sh SERVER_PROPERTIES
#
# NODE is its number. CLUSTER_ID is one for all (kafka-storage.sh random-uuid). Optional: NODES, all numbers, default "1 2 3"; HOST, what a
# node is called, % for its number, default kafka-%; DATA, where it keeps its records, default /var/lib/kafka/data; PORT and
# CONTROLLER_PORT, default 9092 and 9093; BIND, the address it listens on, default all; KAFKA_BIN, the folder of Kafka's tools, default
# /opt/kafka/bin.
set -euo pipefail

if [ $# -ne 1 ] || [ -z "${NODE:-}" ] || [ -z "${CLUSTER_ID:-}" ]; then
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
fi
port=${PORT:-9092} controller=${CONTROLLER_PORT:-9093} bin=${KAFKA_BIN:-/opt/kafka/bin} data=${DATA:-/var/lib/kafka/data} host=${HOST:-kafka-%}
voters=""
for number in ${NODES:-1 2 3}; do
  voters="$voters,$number@${host//%/$number}:$controller"
done

umask 077
own=$(mktemp -d)/server.properties
cat "$1" - >"$own" <<PROPERTIES

node.id=$NODE
controller.quorum.voters=${voters:1}
listeners=STAGES://${BIND:-}:$port,CONTROLLER://${BIND:-}:$controller
advertised.listeners=STAGES://${host//%/$NODE}:$port,CONTROLLER://${host//%/$NODE}:$controller
log.dirs=$data/records
PROPERTIES

"$bin/kafka-storage.sh" format --ignore-formatted --cluster-id="$CLUSTER_ID" --config "$own"
exec "$bin/kafka-server-start.sh" "$own"
