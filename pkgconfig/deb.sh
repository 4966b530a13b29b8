#!/bin/sh
# deb.sh - Debian packages of the tarball that `make dist` has made; in a tree
# without git, which came as such a tarball, of the tree.
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

# What is built in there would be no source.
pack_tree() {
    find . -path ./build -prune -o -path "./${out#./}" -prune -o \
        ! -type d -print |
        LC_ALL=C sort | tar -czf "$1" --transform "s|^\./|$name/|" \
            --owner=0 --group=0 --numeric-owner -T -
}

unpack() {
    orig=$out/deb/libjournal_$VERSION.orig.tar.gz
    rm -rf "$out/deb"
    mkdir -p "$out/deb"
    if [ -e .git ]; then
        cp "$out/$name.tar.gz" "$orig"
    else
        pack_tree "$orig"
    fi
    tar -C "$out/deb" -xf "$orig"
    cp -R pkgconfig/debian "$out/deb/$name/debian"
}

need dpkg-buildpackage dpkg-dev
need dh debhelper
unpack
# Nothing of the make that has started this.
unset MAKEFLAGS MFLAGS MAKELEVEL
(cd "$out/deb/$name" && dpkg-buildpackage -us -uc --jobs-try=auto) \
    >"$log" 2>&1 || {
    # Which tests failed may stand far above.
    grep -aE ':[FE]:|[1-9][0-9]* failed' "$log" >&2 || true
    tail -n 40 "$log" >&2
    fail "dpkg-buildpackage says no; all it says is in $log"
}
find "$out/deb" -name '*.deb'
