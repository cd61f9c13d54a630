#!/usr/bin/env bash
# What the repository demands of itself and go vet does not know. The rest (import
# direction, pure files, sizes, comments, the runbook) is tested in internal/house.
set -euo pipefail
cd "$(dirname "$0")/.."
bad=$(gofmt -l .)
if [ -n "$bad" ]; then
  echo "lint: not formatted:" $bad >&2
  exit 1
fi
fail() { echo "lint: $1" >&2; exit 1; }
product='apikey audit cmd config controller dkimkeys dkimwatch dnsrecords doctor mirror publish rbac redact resolver rollout rotation seed smtpprobe stalwart stalwartsync statesecret submission tlscert watcher workload zone'
grep -rn --include='*.go' 'strings.Contains(err.Error()' . | grep -v '_test.go' && fail "errors are told apart by type, not by text"
grep -rn --include='*.go' 'backoff.Retry' . && fail "the queue is the only retry"
grep -rn --include='*.go' '^func init()' . && fail "no init functions"
grep -rnE --include='*.go' '"[^"]*%#v' $product | grep -v _test.go && fail "%#v prints what a type hides"
grep -rn --include='*.go' 'AddTypedEventHandler\|AddEventHandler' $product | grep -v 'watcher/feed.go\|_test.go' && fail "events are handled in watcher/feed.go only"
grep -rn --include='*.go' 'time.Sleep' $product | grep -v '_test.go\|audit/events.go' && fail "no sleeping in the product"
echo "lint: ok"
