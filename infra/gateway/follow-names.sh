#!/bin/sh
# nginx looks names up once, when it starts. Where replicas come and go behind a name (docker compose up --scale sales=3), this has it
# look again whenever the addresses change. The image of nginx runs it at its start: /docker-entrypoint.d/50-follow-names.sh.
names=$(sed -n 's/^ *server \([a-z]*\):[0-9]* .*/\1/p' /etc/nginx/nginx.conf)
addresses() { for name in $names; do getent ahostsv4 "$name" | sort -u; done; }

(
  before=$(addresses)
  while sleep 2; do
    now=$(addresses)
    if [ "$now" != "$before" ] && nginx -t -q 2>/dev/null; then nginx -s reload && before=$now; fi
  done
) &
