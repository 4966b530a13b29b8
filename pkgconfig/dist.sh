#!/bin/sh
# dist.sh - the source tree as it is in git, as libjournal-VERSION.tar.gz.
#
#   VERSION=1.2.3 dist.sh OUT
#
# The same commit gives the same bytes, whoever makes it, when and where.  A
# tree with changes that are not committed is refused; DIRTY=1 takes what is
# there now, with files that git does not know yet.  Nothing is written into the
# repository.
set -eu

cd "$(dirname "$0")/.."
mkdir -p "$1"
out=$(cd "$1" && pwd)
name=libjournal-$VERSION
work=$(mktemp -d "${TMPDIR:-/tmp}/dist.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'make dist: %s\n' "$@" >&2
    exit 1
}

# The version stands in the header; what else names it must have followed.
check_versions() {
    [ "$(sed -n 's/^## //p' docs/changelog.md | head -n 1)" = "$VERSION" ] ||
        fail "journal.h says $VERSION, docs/changelog.md begins with another"
    debian=$(sed -n '1s/^libjournal (\(.*\)-[^-]*) .*/\1/p' \
        pkgconfig/debian/changelog)
    [ "$debian" = "$VERSION" ] ||
        fail "journal.h says $VERSION, pkgconfig/debian/changelog $debian"
    tag=$(git describe --exact-match --tags --match 'v[0-9]*' 2>/dev/null) ||
        return 0
    [ "$tag" = "v$VERSION" ] ||
        fail "journal.h says $VERSION, the tag is $tag"
}

# From here on git writes its objects beside the repository.
write_elsewhere() {
    common=$(git rev-parse --git-common-dir)
    GIT_ALTERNATE_OBJECT_DIRECTORIES=$(cd "$common" && pwd)/objects
    GIT_OBJECT_DIRECTORY=$work/objects
    GIT_INDEX_FILE=$work/index
    export GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_OBJECT_DIRECTORY GIT_INDEX_FILE
    mkdir "$GIT_OBJECT_DIRECTORY"
}

# A commit of the files as they are now, with the last one's time.
commit_files() {
    git read-tree HEAD
    git add -A
    GIT_AUTHOR_DATE=$(git log -1 --format=%cI)
    GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
    export GIT_AUTHOR_DATE GIT_COMMITTER_DATE
    git -c user.name=none -c user.email=none commit-tree -m "not committed" \
        "$(git write-tree)"
}

command -v git >/dev/null || fail "needs git"
command -v gzip >/dev/null || fail "needs gzip"
[ "$(git rev-parse --show-prefix 2>/dev/null || echo none)" = "" ] ||
    fail "this is not a git tree: the tarball is what such a tree is made into"
check_versions
commit=HEAD
changes=$(GIT_OPTIONAL_LOCKS=0 git status --porcelain)
if [ -n "$changes" ]; then
    [ "${DIRTY:-}" = 1 ] ||
        fail "changes are not committed and would be missing:" "$changes" \
            "commit them, or DIRTY=1 makes it with them"
    write_elsewhere
    commit=$(commit_files)
fi
# Neither the umask, nor settings, nor the time of day.
git -c tar.umask=0022 archive --format=tar --prefix="$name/" \
    -o "$work/$name.tar" "$commit"
gzip -9n "$work/$name.tar"
mv "$work/$name.tar.gz" "$out/$name.tar.gz"
