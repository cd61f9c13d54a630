#!/bin/sh
# Builds stalwart-lite, a real mail server with the management API of Stalwart
# 0.15, for the tests that take STALWART_BIN. Needs cargo and a C compiler.
#
# The binary goes to
#   ${XDG_CACHE_HOME:-~/.cache}/smtp-mirror/stalwart-lite-0.16.0/bin/stalwart
# and is left alone when it is there. Building takes six minutes or more on two
# cores, up to 4 GB of memory, and 2.2 GB of disk that are given back at the
# end. The last line of output is the path of the binary.
#
# It is a debug build without debug information: a release build takes several
# times as long and starts no faster.
set -eu

version=0.16.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/smtp-mirror
target=$cache/stalwart-lite-$version
began=$(date +%s)
work=
cargo_pid=

say() { printf '%5ds  %s\n' $(($(date +%s) - began)) "$*" >&2; }

clean_up() {
	if [ -n "$cargo_pid" ]; then
		kill "$cargo_pid" 2>/dev/null || :
		# Until it is gone, it goes on writing to what is removed next.
		wait "$cargo_pid" 2>/dev/null || :
	fi
	if [ -n "$work" ]; then rm -rf "$work"; fi
}

# install_crate runs cargo and says every fifteen seconds how far it is. The
# last crate is by far the largest; nothing moves for minutes then.
install_crate() {
	CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$work/target CARGO_TERM_COLOR=never cargo install stalwart-lite \
		--version "$version" --locked --debug --no-default-features --features sqlite \
		--bin stalwart --root "$work/root" 2>"$work/log" &
	cargo_pid=$!
	seconds=0
	while kill -0 "$cargo_pid" 2>/dev/null; do
		sleep 1
		seconds=$((seconds + 1))
		if [ $((seconds % 15)) -eq 0 ]; then
			say "$(grep -c '^ *Compiling' "$work/log" || :) crates begun, $(tail -n 1 "$work/log")"
		fi
	done
	if ! wait "$cargo_pid"; then
		cargo_pid=
		say "build failed, last lines:"
		tail -n 20 "$work/log" >&2
		exit 1
	fi
	cargo_pid=
}

if [ -x "$target/bin/stalwart" ]; then
	say "stalwart-lite $version: up to date"
	echo "$target/bin/stalwart"
	exit 0
fi

if ! command -v cargo >/dev/null; then
	say "cargo not found; install Rust first (https://rustup.rs)"
	exit 1
fi

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$cache"
# Beside the target, as a rename is atomic only within a file system.
work=$(mktemp -d "$cache/.stalwart-build.XXXXXX")
say "stalwart-lite $version: building in $work"
install_crate
# Without a runnable binary it may be a directory that somebody else left.
rm -rf "$target"
mkdir -p "$work/done/bin"
mv "$work/root/bin/stalwart" "$work/done/bin/stalwart"
mv "$work/done" "$target"
say "stalwart-lite $version: built"
echo "$target/bin/stalwart"
