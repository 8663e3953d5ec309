#!/usr/bin/env bash
# Builds an S3 server for the tests of the storage port. Needs Go; nobody who uses Souk needs it.
set -euo pipefail
bin=${HOME}/.cache/souk/bin
if [ -x "$bin/versitygw" ]; then exit 0; fi
command -v go >/dev/null || { echo 'no Go here: the tests of S3 are skipped'; exit 0; }
mkdir -p "$bin"
GOBIN="$bin" go install github.com/versity/versitygw/cmd/versitygw@v1.8.0 || echo 'versitygw was not built: the tests of S3 are skipped'
