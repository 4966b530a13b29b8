#!/bin/sh
# deb_test.sh - the Debian packages: built, looked at, installed into a root of
# their own as dpkg does it, used from there, and removed again.
#
# TEST_CHROOT=1 does that once more in a new Debian made by mmdebstrap, where
# apt installs them with what they need; that takes minutes and the network.
set -u

# shellcheck source=test/packages/claims.sh
. "$TEST_ROOT/test/packages/claims.sh"

out=$TMPDIR/out
root=$TMPDIR/root
version=$(sed -n 's/^#define JOURNAL_VERSION_[A-Z]* //p' \
    "$TEST_ROOT/include/journal.h" | paste -sd .)
arch=$(dpkg --print-architecture)
libdir=usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)

make_packages() {
    DEB_BUILD_OPTIONS="nocheck parallel=2" fresh_make -s -C "$TEST_ROOT" \
        BUILD="$out" DIRTY=1 deb
}

# The debhelper of a machine that has none.
without_debhelper() {
    mkdir -p "$TMPDIR/bin" "$TMPDIR/empty"
    for tool in sh dirname tar sed mkdir rm cp dpkg-buildpackage; do
        ln -sf "$(command -v $tool)" "$TMPDIR/bin/$tool"
    done
    PATH=$TMPDIR/bin VERSION=$version \
        refused 'make deb: needs dh (Debian: debhelper)' \
        "$TEST_ROOT/pkgconfig/deb.sh" "$TMPDIR/empty"
}

# Of a tree that came as a tarball, in which something is built already; the
# tools are there, and do nothing.
packed_without_git() {
    tree=$TMPDIR/libjournal-$version
    tar -C "$TMPDIR" -xf "$out/libjournal-$version.tar.gz"
    mkdir -p "$tree/build/lib" "$TMPDIR/idle"
    touch "$tree/build/lib/journal.o"
    for tool in dpkg-buildpackage dh; do
        printf '#!/bin/sh\n' >"$TMPDIR/idle/$tool"
        chmod +x "$TMPDIR/idle/$tool"
    done
    (cd "$tree" && PATH=$TMPDIR/idle:$PATH VERSION=$version \
        pkgconfig/deb.sh build) || return
    same "$(packed "$out/libjournal-$version.tar.gz")" \
        "$(packed "$tree/build/deb/libjournal_$version.orig.tar.gz")"
}

packed() {
    tar -tf "$1" | grep -v '/$' | sort
}

package() {
    echo "$out/deb/$1_$version-1_$arch.deb"
}

field() {
    dpkg-deb -f "$(package "$1")" "$2"
}

depends_on() {
    case ", $(field "$1" Depends)," in
    *", $2"[\ ,]*) ;;
    *) field "$1" Depends && return 1 ;;
    esac
}

# All that the packages have, but for what goes with every package.
contents() {
    dpkg-deb --fsys-tarfile "$(package "$1")" | tar -t | sed 's|^\./||' |
        grep -v -e '/$' -e '^$' -e '^usr/share/doc/' \
        -e '^usr/share/lintian/' | sort
}

# What `make install` puts into /usr, in the names that Debian has for it.
installed() {
    fresh_make -s -C "$TEST_ROOT" BUILD="$(dirname "$JOURNAL")" PREFIX=/usr \
        LIBDIR="/$libdir" ZSHCOMPDIR=/usr/share/zsh/vendor-completions \
        DESTDIR="$TMPDIR/stage" install
    (cd "$TMPDIR/stage" && find . ! -type d) |
        sed -e 's|^\./||' -e 's|^usr/share/man/.*|&.gz|' | sort
}

hardened() {
    readelf -lW "$1" | grep -q GNU_RELRO || echo "no relro"
    readelf -dW "$1" | grep -q BIND_NOW || echo "binds lazily"
    readelf -hW "$1" | grep -q 'Type: *DYN' || echo "not at any address"
    readelf -sW --dyn-syms "$1" | grep -q __stack_chk_fail || echo "no canaries"
    readelf -sW --dyn-syms "$1" | grep -q '_chk@' || echo "not fortified"
}

# As root, or as somebody who believes to be.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else fakeroot "$@"; fi
}

# What the packages depend on is the machine's own.
dpkg_there() {
    as_root dpkg --root="$root" --log="$TMPDIR/dpkg.log" \
        --force-depends,not-root,script-chrootless "$@"
}

new_root() {
    mkdir -p "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/info"
    : >"$root/var/lib/dpkg/status"
    : >"$root/var/lib/dpkg/available"
}

pc_there() {
    PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 \
        PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 \
        PKG_CONFIG_PATH=$root/$libdir/pkgconfig pkg-config "$@" libjournal
}

# shellcheck disable=SC2046 # pkg-config answers in words
compile_there() {
    "${CC:-gcc}" -Wall -Werror "$1" -o "$TMPDIR/${1##*/}.program" \
        $(pc_there --cflags --libs) &&
        LD_LIBRARY_PATH=$root/$libdir "$TMPDIR/${1##*/}.program" \
            "$TMPDIR/journal-of-${1##*/}"
}

command_there() {
    "$root/usr/bin/journal" append "$TMPDIR/j" alice "10 EUR" &&
        "$root/usr/bin/journal" get "$TMPDIR/j" alice | grep -x '10 EUR'
}

files_there() {
    find "$root" ! -type d ! -path "$root/var/lib/dpkg/*" | sort
}

# In the chroot $1: the packages come with what they need, work and go.
try_in_chroot() {
    cat <<'END'
set -eux
apt-get install -y --no-install-recommends /tmp/debs/*.deb gcc libc6-dev \
    pkg-config >/dev/null
cd /tmp
# shellcheck disable=SC2046
gcc program.c -o program $(pkg-config --cflags --libs libjournal)
./program shared-journal
gcc -static program.c -o program \
    $(pkg-config --static --cflags --libs libjournal)
./program static-journal
journal append j alice "10 EUR"
test "$(journal get j alice)" = "10 EUR"
apt-get purge -y libjournal0 libjournal-dev journal-tools >/dev/null
! find /usr -name '*libjournal*' | grep .
END
}

in_new_debian() {
    mkdir "$TMPDIR/debs"
    for name in libjournal0 libjournal-dev journal-tools; do
        cp "$(package $name)" "$TMPDIR/debs/" || return
    done
    try_in_chroot >"$TMPDIR/try.sh"
    # shellcheck disable=SC2016 # the hook's own
    mmdebstrap --variant=apt --format=null \
        --customize-hook="copy-in $TMPDIR/debs $TMPDIR/try.sh \
            $TEST_ROOT/test/install/program.c /tmp" \
        --customize-hook='chroot "$1" sh /tmp/try.sh' bookworm /dev/null
}

claim "debhelper is missed in words" without_debhelper
claim "the packages are built" make_packages
claim "a tree without git has the same files packed" packed_without_git
claim "lintian has nothing to say" \
    lintian --allow-root --fail-on error,warning,info -I \
    "$out/deb/libjournal_$version-1_$arch.changes"
for name in libjournal0 libjournal-dev journal-tools; do
    claim "$name is there" test -f "$(package $name)"
done
claim "two architectures may have the library" \
    same "same same foreign" "$(field libjournal0 Multi-Arch) $(
        field libjournal-dev Multi-Arch) $(field journal-tools Multi-Arch)"
claim "the library needs LMDB" depends_on libjournal0 liblmdb0
claim "and xxHash" depends_on libjournal0 libxxhash0
claim "and no more than these two and libc" \
    same 3 "$(field libjournal0 Depends | tr , '\n' | wc -l)"
claim "who compiles needs the library itself" \
    depends_on libjournal-dev libjournal0
claim "and LMDB, to link it in" depends_on libjournal-dev liblmdb-dev
claim "together they have what make install installs, each file once" \
    same "$(installed)" "$(for name in libjournal0 libjournal-dev \
        journal-tools; do contents $name; done | sort)"
claim "the library is where its architecture has its own" \
    same "$libdir/libjournal.so.0 $libdir/libjournal.so.$version" \
    "$(contents libjournal0 | paste -sd ' ')"

new_root
claim "dpkg installs them" dpkg_there -i "$(package libjournal0)" \
    "$(package libjournal-dev)" "$(package journal-tools)"
claim "the library is hardened" same "" "$(
    hardened "$root/$libdir/libjournal.so.$version")"
claim "so is the command" same "" "$(hardened "$root/usr/bin/journal")"
claim "pkg-config knows the version" same "$version" "$(pc_there --modversion)"
claim "flags for /usr are not needed" same "-ljournal" "$(
    PKG_CONFIG_PATH=$root/$libdir/pkgconfig pkg-config --cflags --libs \
        libjournal | sed 's/ *$//')"
claim "a program is built with them, and runs" \
    compile_there "$TEST_ROOT/test/install/program.c"
claim "so is an example that comes along" \
    compile_there "$root/usr/share/doc/libjournal-dev/examples/quickstart.c"
claim "the bindings that the page on languages tells of come along" \
    test -s "$root/usr/share/doc/libjournal-dev/languages.md.gz" -a \
    -s "$root/usr/share/doc/libjournal-dev/examples/ffi/python/journal.py"
claim "the command runs" command_there
claim "the pages are there" test -s "$root/usr/share/man/man1/journal.1.gz"
claim "dpkg removes them" dpkg_there --purge journal-tools libjournal-dev \
    libjournal0
claim "nothing is left" same "" "$(files_there)"

[ "${TEST_CHROOT:-}" != 1 ] ||
    claim "they work in a new Debian, and go" in_new_debian

end deb_test
