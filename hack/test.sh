#!/usr/bin/env bash
# Everything that `make test` runs after vet and lint: unit tests, fuzz seeds and
# integration tests, all with the race detector, with clear closing lines.
set -euo pipefail
cd "$(dirname "$0")/.."
begin=$SECONDS
export CGO_ENABLED=1 # the race detector needs it

# Two packages at a time: the integration tests start control planes. pipefail makes
# the pipeline fail with go test; grep always finds a line to print.
status=0
go test -race -p 2 -timeout 15m ./... 2>&1 | grep -v 'no test files' || status=$?
if [ "$status" -ne 0 ]; then
  echo "make test: FAILED after $((SECONDS - begin)) s"
  exit 1
fi
echo "make test: all packages passed in $((SECONDS - begin)) s"
