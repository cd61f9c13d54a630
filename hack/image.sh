#!/usr/bin/env bash
# Builds the image (build), brings it into a registry (push, tag), or tests the builder (test).
# The bytes depend on the toolchain, the compressor in it too: everything runs with the
# one that hack/image/go.mod names, whatever is installed.
set -euo pipefail
cd "$(dirname "$0")/image"
GOTOOLCHAIN=$(sed -n 's/^toolchain //p' go.mod)
export GOTOOLCHAIN CGO_ENABLED=0 GOFLAGS=-mod=readonly
if [ "$1" = test ]; then
  go vet ./...
  exec go test -count=1 ./...
fi
exec go run -trimpath . "$@"
