#!/bin/sh
# dist_test.sh - the tarball: refused where it would not be what it seems, the
# same bytes each time, and complete: it builds and tests itself without git.
set -u

# shellcheck source=test/packages/claims.sh
. "$TEST_ROOT/test/packages/claims.sh"

clone=$TMPDIR/clone
version=$(sed -n 's/^#define JOURNAL_VERSION_[A-Z]* //p' \
    "$TEST_ROOT/include/journal.h" | paste -sd .)
name=libjournal-$version

dist() {
    fresh_make -s -C "$clone" dist "$@"
}

# The files of the tree under test, committed, in a repository of their own.
clone_tree() {
    mkdir "$clone"
    (cd "$TEST_ROOT" && tree_files | tar -cf - -T -) | tar -C "$clone" -xf -
    commit_all "all"
}

# Without git the tree is a tarball's, and has nothing else but what was built.
tree_files() {
    if [ -e .git ]; then
        git ls-files --cached --others --exclude-standard --deduplicate |
            while read -r file; do [ ! -e "$file" ] || echo "$file"; done
    else
        find . -type f ! -path './build/*'
    fi
}

git_here() {
    git -C "$clone" -c user.name=t -c user.email=t@localhost "$@"
}

commit_all() {
    [ -d "$clone/.git" ] || git_here init -q
    git_here add -A
    git_here commit -q -m "$1"
}

digest() {
    sha256sum <"$clone/build/$name.tar.gz"
}

# Makes it again under another umask, timezone and time of files.
again() (
    umask 077
    find "$clone" -name '*.c' -exec touch -d 2001-01-01 {} +
    TZ=Pacific/Auckland LC_ALL=C dist DIRTY=
)

contents() {
    tar -tf "$clone/build/$name.tar.gz" | sed -n "s|^$name/||p" |
        grep -v -e '/$' -e '^$' | sort
}

edit() {
    sed "$2" "$clone/$1" >"$TMPDIR/edited"
    cat "$TMPDIR/edited" >"$clone/$1"
}

# git as it would be, were it not installed.
dist_without() {
    mkdir -p "$TMPDIR/bin"
    for tool in sh env make gcc sed dirname mkdir mktemp rm head echo printf; do
        ln -sf "$(command -v $tool)" "$TMPDIR/bin/$tool"
    done
    PATH=$TMPDIR/bin dist DIRTY=
}

unpacked_make() {
    fresh_make -s -C "$TMPDIR/$name" "$@"
}

builds() {
    unpacked_make -j2 WERROR=1 CFLAGS=-O0 all &&
        "$TMPDIR/$name/build/journal" --help | grep -q append
}

checks() {
    unpacked_make -j2 CFLAGS=-O0 check FUZZ= SCRIPTS=test/cli/query_test.sh \
        TESTS="build/test/api/get_test build/test/unit/record_test" |
        grep -x '[1-9][0-9]* passed, 0 failed'
}

clone_tree
claim "a clean tree is packed" dist
first=$(digest)
claim "again: the same bytes" again
claim "the same bytes" same "$first" "$(digest)"
claim "all that git knows is in it" \
    same "$(git_here ls-files | sort)" "$(contents)"

echo '/* more */' >>"$clone/lib/README.md"
echo 'int jn_new(void);' >"$clone/lib/new.h"
claim "a dirty tree is told, with the file" refused ' M lib/README.md' dist
claim "and with the one that git does not know" refused '?? lib/new.h' dist
claim "that left no other tarball" same "$first" "$(digest)"
objects=$(git_here count-objects)
claim "it can be asked for" dist DIRTY=1
claim "and is another one" test "$first" != "$(digest)"
claim "with the new file" same lib/new.h "$(contents | grep lib/new.h)"
claim "the repository has not grown" same "$objects" "$(git_here count-objects)"
claim "nor is anything added" same '?? lib/new.h' \
    "$(git_here status --porcelain | grep new.h)"
rm "$clone/lib/new.h"
git_here checkout -q lib/README.md

edit docs/changelog.md 's/^## [0-9.]*$/## 77.0.0/'
commit_all "another version"
claim "a version that the changelog does not know is told" \
    refused "journal.h says $version, docs/changelog.md begins with" dist
git_here reset -q --hard HEAD~1
edit pkgconfig/debian/changelog '1s/([^)]*)/(77.0.0-1)/'
commit_all "another version"
claim "so is one that the Debian packages do not know" \
    refused "journal.h says $version, pkgconfig/debian/changelog 77.0.0" dist
git_here reset -q --hard HEAD~1
git_here tag v77.0.0
claim "so is a tag of another version" \
    refused "journal.h says $version, the tag is v77.0.0" dist
git_here tag -d v77.0.0 >/dev/null
git_here tag "v$version"
claim "its own tag is right" dist
claim "a missing tool is named" refused 'make dist: needs git' dist_without

tar -C "$TMPDIR" -xf "$clone/build/$name.tar.gz"
claim "without git nothing can be packed" \
    refused 'make dist: this is not a git tree' unpacked_make dist
claim "unpacked it builds, without a warning" builds
claim "and tests itself" checks

end dist_test
