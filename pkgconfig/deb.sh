#!/bin/sh
# deb.sh - Debian packages of the tarball that `make dist` has made.
#
#   VERSION=1.2.3 deb.sh OUT
#
# All happens in OUT/deb: the tarball is unpacked, debian/ from pkgconfig/debian
# put there, and dpkg-buildpackage run; DEB_BUILD_OPTIONS as it knows them.
set -eu

cd "$(dirname "$0")/.."
out=$1
name=libjournal-$VERSION
log=$out/deb/build.log

fail() {
    printf 'make deb: %s\n' "$@" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null || fail "needs $1 (Debian: $2)"
}

unpack() {
    rm -rf "$out/deb"
    mkdir "$out/deb"
    cp "$out/$name.tar.gz" "$out/deb/libjournal_$VERSION.orig.tar.gz"
    tar -C "$out/deb" -xf "$out/$name.tar.gz"
    cp -R pkgconfig/debian "$out/deb/$name/debian"
}

need dpkg-buildpackage dpkg-dev
need dh debhelper
unpack
# Nothing of the make that has started this.
unset MAKEFLAGS MFLAGS MAKELEVEL
(cd "$out/deb/$name" && dpkg-buildpackage -us -uc --jobs-try=auto) \
    >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    fail "dpkg-buildpackage says no; all it says is in $log"
}
find "$out/deb" -name '*.deb'
