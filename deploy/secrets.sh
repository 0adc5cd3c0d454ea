#!/usr/bin/env bash
# secrets.sh [--kafka] [FOLDER]
# Makes every secret that deploy/compose.yaml mounts, in deploy/secrets; with --kafka those of compose.kafka.yaml, too. What is there already
# is kept.
#
# The folder is closed to everybody but you; the files in it are not, since each container reads its own under another user. Those of the
# service itself are closed, and belong to its user: see the last line that this prints. The fingerprint key and the key that
# signs the coverage ledger are made by `leakstream` if that is installed, else by the image. Keep a copy of both: without the first one
# known leaks are unknown ones, without the second one no day is sealed.
set -euo pipefail

folder="$(cd "$(dirname "$0")" && pwd)/secrets"
kafka=
if [ "${1:-}" = --kafka ]; then
  kafka=yes
  shift
fi
if [ $# -eq 1 ]; then folder=$1; fi
umask 077
mkdir -p "$folder"

if [ -n "$kafka" ] && [ ! -e "$folder/kafka/ca.pem" ]; then
  "$(dirname "$0")/kafka/certs.sh" "$folder/kafka"
  chmod 0755 "$folder/kafka"
  chmod 0444 "$folder"/kafka/*
  chmod 0600 "$folder"/kafka/{collect,match,alert}.key
fi

if [ ! -e "$folder/fingerprint.key" ] || [ ! -e "$folder/ledger.key" ]; then
  work=$(mktemp -d "$folder/.init.XXXXXX")
  if command -v leakstream >/dev/null; then
    leakstream init "$work/leakstream.toml"
  else
    docker run --rm --network none --user "$(id -u):$(id -g)" --volume "$work:/made" leakstream init /made/leakstream.toml
  fi
  if [ ! -e "$folder/ledger.key" ]; then mv "$work/ledger.key" "$folder/ledger.key"; else rm "$work/ledger.key"; fi
  if [ ! -e "$folder/fingerprint.key" ]; then mv "$work"/*.key "$folder/fingerprint.key"; fi
  rm -r "$work"
fi

# token FILE MODE
token() {
  if [ ! -e "$1" ]; then
    openssl rand -hex 24 >"$1"
    chmod "$2" "$1"
  fi
}
token "$folder/web_token" 0600     # to sign in at the console, and for its API
token "$folder/ingest_token" 0600
token "$folder/grafana_password" 0444         # of the user admin
token "$folder/pager_token" 0444              # these three: put in what your receivers gave you
token "$folder/tickets_token" 0444
token "$folder/dead_man_token" 0444
if [ -n "$kafka" ] && [ ! -e "$folder/kafka.env" ]; then         # no secret, but one for all nodes and for ever
  echo "CLUSTER_ID=$(openssl rand 16 | base64 | tr '+/' '-_' | tr -d =)" >"$folder/kafka.env"
fi

own=("$folder"/{fingerprint.key,ledger.key,web_token,ingest_token})
if [ -n "$kafka" ]; then own+=("$folder"/kafka/{collect,match,alert}.key); fi
echo "made in $folder; now: sudo chown 10001:10001 ${own[*]}"
