#!/usr/bin/env bash
# The outside world: the stand-in always, and every real Stalwart that is there
# (STALWART_BINS with commas, else STALWART_BIN, else what `make stalwart` has
# installed). SHORT=1 is 2 minutes; ROTATIONS= changes the number on each server;
# DRIVER=naive must go red.
set -euo pipefail
cd "$(dirname "$0")/.."
flags=()
[ -z "${SHORT:-}" ] || flags+=(-short)
[ -z "${ROTATIONS:-}" ] || flags+=(-rotations "$ROTATIONS")
[ -z "${DRIVER:-}" ] || flags+=(-driver "$DRIVER")
exec go run -trimpath ./test/acceptance "${flags[@]}" ${ARGS:-}
