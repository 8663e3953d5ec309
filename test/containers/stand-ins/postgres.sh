#!/bin/sh
# As the official image: a new folder becomes a cluster of POSTGRES_USER with the password of the file, and the database of that name.
set -eu
data=${PGDATA:-/var/lib/postgresql/18/docker}
if [ ! -s "$data/PG_VERSION" ]; then
  mkdir -p "$data"
  initdb -D "$data" -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth=scram-sha-256 --auth-local=trust -E UTF8 --locale=C.UTF-8
  echo 'host all all all scram-sha-256' >> "$data/pg_hba.conf"
  echo "create database \"${POSTGRES_DB:-$POSTGRES_USER}\"" | postgres --single -D "$data" postgres
fi
shift
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql "$@"
