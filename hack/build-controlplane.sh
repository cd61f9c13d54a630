#!/bin/sh
# Builds etcd, kube-apiserver and kube-controller-manager, which the tests in
# internal/controlplane start, from the Go modules that hack/controlplane pins.
#
# The binaries go to ${XDG_CACHE_HOME:-~/.cache}/smtp-mirror/bin. One that is
# there and was built from the same go.mod and go.sum is left alone, so running
# this again costs nothing. The first run compiles about 2300 packages, some
# minutes of it; nothing is downloaded except Go modules.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
module=$here/controlplane
bin=${XDG_CACHE_HOME:-$HOME/.cache}/smtp-mirror/bin
began=$(date +%s)
work=
build_pid=

say() { printf '%5ds  %s\n' $(($(date +%s) - began)) "$*"; }

clean_up() {
	if [ -n "$build_pid" ]; then kill "$build_pid" 2>/dev/null || :; fi
	if [ -n "$work" ]; then rm -rf "$work"; fi
}

hash_of() {
	if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

# stamp prints what a binary depends on besides its name.
stamp() {
	{
		cat "$module/go.mod" "$module/go.sum"
		go env GOOS GOARCH GOVERSION
		printf '%s\n' "$ldflags"
	} | hash_of
}

up_to_date() { [ -x "$bin/$1" ] && [ "$(cat "$bin/.$1.stamp" 2>/dev/null)" = "$want" ]; }

# compile runs go build and says every ten seconds how far it is. Linking the
# big binaries takes a while after the last package.
compile() {
	(cd "$module" && exec go build -mod=readonly -trimpath -ldflags "$ldflags" -v -o "$work/$1" "$2") \
		2>"$work/log" &
	build_pid=$!
	seconds=0
	while kill -0 "$build_pid" 2>/dev/null; do
		sleep 1
		seconds=$((seconds + 1))
		if [ $((seconds % 10)) -eq 0 ]; then say "$1: $(grep -c . "$work/log" || :) packages compiled"; fi
	done
	if ! wait "$build_pid"; then
		build_pid=
		say "$1: build failed, last lines:"
		tail -n 20 "$work/log" >&2
		exit 1
	fi
	build_pid=
}

build() {
	if up_to_date "$1"; then
		say "$1: up to date"
		return
	fi
	say "$1: building"
	compile "$1" "$2"
	# The stamp goes first and comes last: a binary without one is built anew.
	rm -f "$bin/.$1.stamp"
	mv -f "$work/$1" "$bin/$1"
	printf '%s\n' "$want" >"$work/stamp"
	mv -f "$work/stamp" "$bin/.$1.stamp"
	say "$1: built"
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

export CGO_ENABLED=0
version=$(sed -n 's|^[[:space:]]*k8s.io/kubernetes \(v[0-9.]*\).*|\1|p' "$module/go.mod")
minor=${version#v*.}
ldflags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
	ldflags="$ldflags -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
done
want=$(stamp)

mkdir -p "$bin"
# Beside the target, as a rename is atomic only within a file system.
work=$(mktemp -d "$bin/.build.XXXXXX")
say "control plane $version into $bin"
build etcd go.etcd.io/etcd/server/v3
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
build kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager
say "done"
