#!/usr/bin/env bash
# What the chart bp-stalwart-sovereign renders, carried out as processes on this machine: from
# an empty volume to a proven mirror, with a real Stalwart 0.16 and no network but loopback.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${STALWART_BIN:-}" ]; then
  echo "test-chart-stalwart: NOT SHOWN: there is no package of Stalwart 0.16; name a program with STALWART_BIN=/path"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -trimpath -o "$work/smtp-mirror" ./cmd/smtp-mirror
(cd manifests/test && go build -trimpath -o "$work/boot" ./boot)
cd manifests/test
"$work/boot" -stalwart "$STALWART_BIN" -smtp-mirror "$work/smtp-mirror" ${ARGS:-}
