#!/usr/bin/env bash
# The conformance suite against a real Stalwart, of either generation.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${STALWART_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/smtp-mirror/stalwart-lite-0.16.0/bin/stalwart}
if [ ! -x "$bin" ]; then
  echo "test-stalwart: there is no $bin; 'make stalwart' installs one, or set STALWART_BIN" >&2
  exit 1
fi
echo "test-stalwart: $bin ($("$bin" --version 2>&1 | head -n 1))"
STALWART_BIN=$bin go test -count=1 -timeout 15m -v -run 'TestReal' ./internal/conformance ./internal/stalwartproc
