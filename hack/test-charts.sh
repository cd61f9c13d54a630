#!/usr/bin/env bash
# The charts: rendered with Helm's own library, linted, compared with what the program
# says, and shown to a real API server. They are a module of their own, so that Helm
# never enters the program's go.mod.
set -euo pipefail
cd "$(dirname "$0")/../manifests/test"
begin=$SECONDS
go vet -trimpath ./...
go test -trimpath -timeout 10m ./...
echo "make test-charts: passed in $((SECONDS - begin)) s"
