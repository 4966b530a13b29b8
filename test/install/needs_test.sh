#!/bin/sh
# needs_test.sh - a machine without the packages that libjournal needs: they are
# named at once, and installed where that is asked for.
#
# The compiler finds no header there, and apt-get writes down what it is told.
set -u

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=test/packages/claims.sh
. test/packages/claims.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bare=$work/bin

tool() {
    printf '#!/bin/sh\n%s\n' "$2" >"$bare/$1"
    chmod +x "$bare/$1"
}

bare_make() {
    PATH=$bare:$PATH fresh_make -s CC="$bare/gcc" BUILD="$work/build" "$@"
}

needs() {
    echo "libjournal needs packages that are not installed: $*"
}

# The first line that is said.
says() {
    words=$1
    shift
    ! said=$("$@" 2>&1) || { echo "says yes: $said"; return 1; }
    same "$words" "$(echo "$said" | head -n 1)"
}

install() {
    rm -f "$work/told"
    PATH=$bare:$PATH CC="$bare/gcc" test/support/deps.sh install "$@"
}

# A tree without .git, in which nothing is built.
without_git() {
    mkdir "$work/tree"
    ln -s "$PWD/Makefile" "$PWD/test" "$PWD/include" "$work/tree"
    rm -f "$work/told"
    ! bare_make -C "$work/tree" demo >/dev/null 2>&1 && told |
        grep 'install.*libjansson-dev'
}

told() {
    sed 's/-o [^ ]* //' "$work/told"
}

mkdir "$bare"
tool gcc 'exit 1'
# shellcheck disable=SC2016 # the tools' own
{
    tool sudo 'shift; exec "$@"'
    tool apt-get "echo \"\$*\" >>'$work/told'; echo noise; echo error >&2"
}
base="libc6-dev liblmdb-dev libxxhash-dev"

claim "make names all that is missing at once" \
    says "$(needs "$base" libjansson-dev)" bare_make
claim "and the command that installs them on a fresh machine" refused \
    "apt-get update && apt-get install $base libjansson-dev" bare_make
claim "the library alone needs less" says "$(needs "$base")" bare_make lib
claim "nothing is installed without being asked for" test ! -e "$work/told"

claim "what cannot be had is told" \
    refused "$(needs "$base" check)" install check
claim "the list of packages is renewed, and all are asked for together" \
    same "update -qq
install -y -qq --no-install-recommends $base check" "$(told | head -n 2)"
claim "an error of apt-get is shown" refused error install check
claim "its progress is not" same "" "$(install check 2>&1 | grep noise)"
claim "make demo asks for the command's package" without_git
claim "where there is no history, it needs no git" same "" "$(told | grep git)"

end needs_test
