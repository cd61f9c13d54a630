#!/usr/bin/env bash
# The continuous login: the stand-in always, and every real Stalwart that is there
# (STALWART_BINS with commas, else STALWART_BIN, else what `make stalwart` has
# installed). SHORT=1 is 2.5 minutes; ROTATIONS= raises the numbers; ORDER=naive must
# go red.
set -euo pipefail
cd "$(dirname "$0")/.."
flags=()
[ -z "${SHORT:-}" ] || flags+=(-short)
[ -z "${ROTATIONS:-}" ] || flags+=(-rotations "$ROTATIONS")
[ -z "${ORDER:-}" ] || flags+=(-order "$ORDER")
exec go run ./test/zerogap "${flags[@]}" ${ARGS:-}
