#!/usr/bin/env bash
# The charts with Helm on a cluster in one process tree: install, upgrade, rollback, faults,
# uninstall, migration, with a real Stalwart 0.16 and no way out. REHEARSE=stand-in does it
# without one.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${STALWART_BIN:-}" ] && [ "${REHEARSE:-}" != stand-in ]; then
  echo "test-chart-stalwart: NOT SHOWN: there is no package of Stalwart 0.16; name a program with STALWART_BIN=/path"
  exit 0
fi
export CGO_ENABLED=0 # an image from scratch has no libraries
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -trimpath -o "$work/smtp-mirror" ./cmd/smtp-mirror
go build -trimpath -o "$work/stand-in" ./internal/stalwarttest/standin
cd manifests/test
go build -trimpath -o "$work/rehearsal" ./rehearsal
server=(-stand-in "$work/stand-in")
[ "${REHEARSE:-}" = stand-in ] || server=(-stalwart "$STALWART_BIN")
# shellcheck disable=SC2086 # ARGS are several words
"$work/rehearsal" "${server[@]}" -smtp-mirror "$work/smtp-mirror" ${ARGS:-}
