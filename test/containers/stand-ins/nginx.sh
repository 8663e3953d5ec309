#!/bin/sh
# As the official image: what lies in this folder and may be executed is run first.
set -e
for script in /docker-entrypoint.d/*.sh; do
  if [ -x "$script" ]; then "$script"; fi
done
exec "$@"
