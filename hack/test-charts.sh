#!/usr/bin/env bash
# The charts: rendered with Helm's own library, linted, compared with what the program
# says, shown to a real API server, and then rehearsed with Pods that run, with the stand-in
# for Stalwart. They are a module of their own, so that Helm never enters the program's
# go.mod.
set -euo pipefail
cd "$(dirname "$0")/../manifests/test"
begin=$SECONDS
go vet -trimpath ./...
go test -trimpath -count=1 -timeout 10m ./... # the charts are outside of this module: Go would not see that they have changed
REHEARSE=stand-in ../../hack/test-chart-stalwart.sh
echo "make test-charts: passed in $((SECONDS - begin)) s"
