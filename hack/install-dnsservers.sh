#!/bin/sh
# Unpacks PowerDNS and BIND from Debian's packages for the tests that update a real
# name server. Nothing is installed in the system: no service is started, no root is
# needed, and what is there already is used as it is.
#
# The files go to ${XDG_CACHE_HOME:-~/.cache}/smtp-mirror/dnsservers and are left
# alone when they are there. Where they cannot be had, this says why and succeeds: those
# tests are skipped then, with a reason.
set -eu

packages="pdns-server pdns-backend-sqlite3 sqlite3 bind9"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/smtp-mirror
target=$cache/dnsservers
work=

skip() {
	say "$1: tests that need PowerDNS or BIND will be skipped"
	if [ -n "$work" ] && [ -s "$work/log" ]; then tail -n 5 "$work/log"; fi
	exit 0
}
say() { printf 'dnsservers: %s\n' "$*"; }

# apt runs apt-get with lists and an archive of its own, so that it needs neither
# root nor lists that somebody has updated.
apt() {
	apt-get -q -o APT::Sandbox::User="$(id -un)" -o Dir::State::Lists="$work/lists" \
		-o Dir::Cache="$work/cache" -o Debug::NoLocking=1 "$@"
}

if [ "$(cat "$target/.packages" 2>/dev/null)" = "$packages" ]; then
	say "up to date"
	exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
	skip "no apt-get here"
fi

mkdir -p "$cache"
# Beside the target, as a rename is atomic only within a file system.
work=$(mktemp -d "$cache/.dnsservers.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root"

say "reading the package lists"
apt update >"$work/log" 2>&1 || skip "apt-get update failed"
# What is installed already is not listed: it is found where the system has it.
# shellcheck disable=SC2086 # a list
apt -s install --no-install-recommends $packages >"$work/log" 2>&1 || skip "the packages are not to be had"
needed=$(sed -n 's/^Inst \([^ ]*\) .*/\1/p' "$work/log")
if [ -n "$needed" ]; then
	say "downloading" $needed
	# shellcheck disable=SC2086 # a list
	(cd "$work/debs" && apt download $needed >"$work/log" 2>&1) || skip "apt-get download failed"
	for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root"; done
fi
printf '%s\n' "$packages" >"$work/root/.packages"
chmod 755 "$work/root"
rm -rf "$target"
mv "$work/root" "$target"
say "unpacked into $target"
