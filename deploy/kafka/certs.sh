#!/usr/bin/env bash
# An authority of our own, a certificate for the brokers and one for each stage: Kafka takes nobody without one (mutual TLS), and what
# a stage may do hangs on the name in its certificate (acls.sh). Needs openssl 3.
#
#   certs.sh FOLDER [DAYS] [BROKER ...]
#
# Makes in FOLDER: ca.pem (for everybody), broker.pem (key and certificate of the brokers, whose names are BROKER ..., default kafka-1
# kafka-2 kafka-3) and for collect, match, alert and operator NAME.crt and NAME.key. The authority's own key is thrown away: to renew or
# to add a name make all of them anew. What is there already is not touched.
set -euo pipefail

if [ $# -lt 1 ]; then
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
fi
folder=$1 days=${2:-825}
shift $(($# > 1 ? 2 : 1))
brokers=("$@")
if [ ${#brokers[@]} -eq 0 ]; then brokers=(kafka-1 kafka-2 kafka-3); fi
if [ -e "$folder/ca.pem" ]; then
  echo "$folder/ca.pem is there already; nothing was made" >&2
  exit 1
fi

umask 077
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

key "$work/ca.key"
openssl req -x509 -new -key "$work/ca.key" -days "$days" -subj "/CN=leakstream authority" -out "$work/ca.pem" \
  -addext basicConstraints=critical,CA:true,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign

# sign NAME COMMON_NAME EXTENSION ...
sign() {
  local name=$1 common=$2
  shift 2
  key "$work/$name.key"
  printf '%s\n' basicConstraints=critical,CA:false keyUsage=critical,digitalSignature "$@" >"$work/$name.ext"
  openssl req -new -key "$work/$name.key" -subj "/CN=$common" -out "$work/$name.csr"
  openssl x509 -req -in "$work/$name.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -days "$days" \
    -extfile "$work/$name.ext" -out "$work/$name.crt" 2>/dev/null
}

names=$(printf ',DNS:%s' "${brokers[@]}")
sign broker kafka "subjectAltName=${names:1}" extendedKeyUsage=serverAuth,clientAuth
for stage in collect match alert operator; do
  sign "$stage" "leakstream-$stage" extendedKeyUsage=clientAuth
  mv "$work/$stage.key" "$work/$stage.crt" "$folder/"
done
cat "$work/broker.key" "$work/broker.crt" "$work/ca.pem" >"$folder/broker.pem"
mv "$work/ca.pem" "$folder/ca.pem"  # at last: it says that all is there
