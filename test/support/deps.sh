#!/bin/sh
# deps.sh - the packages that libjournal needs, looked for by what they provide.
#
#   deps.sh list             each one, in which version, or that it is missing
#   deps.sh need [NAME...]   fail, in words, if the library cannot be compiled,
#                            or NAME is missing
#   deps.sh install NAME...  install what is missing of the library's needs and
#                            of NAME (check, pkg-config, git), if this may;
#                            of what apt-get says only the errors are shown
#
# CC is the compiler asked.  Nothing is touched where nothing is missing.
set -u

CC=${CC:-gcc}

has_header() {
    printf '#include <%s>\n' "$1" | $CC -E -x c - >/dev/null 2>&1
}

has_fuzzer() {
    echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
        clang -fsanitize=fuzzer -x c -o /dev/null - >/dev/null 2>&1
}

# The compiler's package is named like its program.
compiler() {
    basename "${CC%% *}"
}

# Is what the package $1 provides here?
has() {
    case $1 in
    liblmdb-dev) has_header lmdb.h ;;
    libxxhash-dev) has_header xxhash.h ;;
    libjansson-dev) has_header jansson.h ;;
    check) has_header check.h ;;
    libc6-dev) has_header stdlib.h ;;
    libclang-rt-*) has_fuzzer ;;
    build-essential) dpkg-query -s "$1" >/dev/null 2>&1 ;;
    dpkg-dev) has dpkg-buildpackage ;;
    debhelper) has dh ;;
    libsqlite3-dev) has_header sqlite3.h ;;
    libleveldb-dev) has_header leveldb/c.h ;;
    librocksdb-dev) has_header rocksdb/c.h ;;
    gnuplot-nox) has gnuplot ;;
    abigail-tools) has abidw && has abidiff ;;
    nodejs) has node ;;
    default-jdk-headless) has javac ;;
    golang-go) has go ;;
    libjna-java) [ -r /usr/share/java/jna.jar ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# The packages among the arguments that are missing.
missing() {
    found=
    for package in "$@"; do
        has "$package" || found="$found $package"
    done
    echo "$found"
}

version() {
    case $1 in
    liblmdb-dev) set -- lmdb.h 'MDB_VERSION_MAJOR.MDB_VERSION_MINOR.' \
        'MDB_VERSION_PATCH' ;;
    libxxhash-dev) set -- xxhash.h 'XXH_VERSION_MAJOR.XXH_VERSION_MINOR.' \
        'XXH_VERSION_RELEASE' ;;
    libjansson-dev) set -- jansson.h 'JANSSON_MAJOR_VERSION.' \
        'JANSSON_MINOR_VERSION.JANSSON_MICRO_VERSION' ;;
    check) set -- check.h 'CHECK_MAJOR_VERSION.CHECK_MINOR_VERSION.' \
        'CHECK_MICRO_VERSION' ;;
    libc6-dev) set -- stdlib.h '__GLIBC__.' '__GLIBC_MINOR__' ;;
    *)
        "$1" --version 2>&1 | sed -n '1s/^\(.* \)\{0,1\}\([0-9][0-9.]*\).*/\2/p'
        return
        ;;
    esac
    printf '#include <%s>\nversion %s%s\n' "$@" | $CC -E -P -x c - |
        sed -n 's/^version //p' | tr -d ' ()'
}

list() {
    status=0
    for package in "$@"; do
        if has "$package"; then
            printf '%-14s %s\n' "$package" "$(version "$package")"
        else
            printf '%-14s %s\n' "$package" missing
            status=1
        fi
    done
    return $status
}

explain() {
    {
        echo "libjournal needs packages that are not installed:$1"
        echo "On Debian and its kin, as root:"
        echo "    apt-get update && apt-get install$1"
        echo "Elsewhere: the development files of lmdb, xxhash, jansson (for
the command) and check."
    } >&2
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

may_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" -eq 0 ] && return 0
    command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null
}

apt_install() {
    as_root apt-get -o DPkg::Lock::Timeout=120 install -y -qq \
        --no-install-recommends "$@" </dev/null >/dev/null
}

# The list of packages may be old, or empty on a fresh machine; where it cannot
# be renewed, what is there may do.  Somebody else may be installing just now.
install() {
    wanted=$(missing "$@")
    [ -n "$wanted" ] || return 0
    if may_install; then
        echo "installing:$wanted"
        as_root apt-get update -qq </dev/null >/dev/null || true
        # One that cannot be had must not keep the others away.
        # shellcheck disable=SC2086 # one word for each package
        apt_install $wanted || for package in $wanted; do
            has "$package" || apt_install "$package" || true
        done
    fi
    wanted=$(missing "$@")
    [ -n "$wanted" ] || return 0
    explain "$wanted"
    return 1
}

base="$(compiler) libc6-dev liblmdb-dev libxxhash-dev"
action=${1:-list}
[ $# -eq 0 ] || shift
# shellcheck disable=SC2086 # one word for each package
case $action in
list) list make $base libjansson-dev check pkg-config git ;;
need)
    wanted=$(missing $base "$@")
    [ -z "$wanted" ] || { explain "$wanted"; exit 1; }
    ;;
install) install $base "$@" ;;
*) echo "deps.sh: list, need or install, not $action" >&2; exit 2 ;;
esac
