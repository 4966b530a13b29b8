#!/bin/sh
# amalgamation_test.sh - the library as one file: what cannot be joined is
# refused, what is joined compiles everywhere and is what lib/ is.
#
# LIB_SOURCES is the Makefile's list; `make amalgamation` has been run.
set -u

# shellcheck source=test/packages/claims.sh
. "$TEST_ROOT/test/packages/claims.sh"

made=$(dirname "$JOURNAL")/amalgamation
small=$TMPDIR/small
CC=${CC:-gcc}

# A tree of two sources, a.c and b.c; each test writes over a part of it.
small_tree() {
    rm -rf "$small"
    mkdir -p "$small/lib/part" "$small/include"
    cd "$small" || exit 1
    echo 'No rights reserved.' >COPYING
    {
        printf '#define JOURNAL_VERSION_%s 7\n' MAJOR MINOR PATCH
        echo 'struct journal;'
        echo 'int journal_answer(void);'
        echo '#ifdef __cplusplus'
        echo '#endif'
    } >include/journal.h
    printf '#ifndef H\n#define H\nint jn_half(int);\n#endif\n' >lib/h.h
    echo 'int jn_unguarded(void);' >lib/unguarded.h
    printf '#ifndef I\n#define I\n%s\n#endif\n' \
        'typedef int jn_one; struct jn_two { int three; };' >lib/i.h
    printf '#ifndef K\n#define K\n%s\n#define TWICE 2\n#endif\n' \
        'struct jn_two { int four; };' >lib/k.h
    cat >lib/a.c <<'END'
#include <journal.h>
#include "h.h"
#define TWICE 2
struct place { int size; };
enum { FEW = 20 };
static int size(int n) { struct place p = {.size = n}; return p.size + FEW; }
int journal_answer(void) { return TWICE * jn_half(size(22)); }
END
    cat >lib/part/b.c <<'END'
#include <errno.h>
#include "h.h"
#define TWICE (1 + 1)
struct place { struct place *next; int size[2]; };
enum { FEW = 0 };
static const char *const words[] = {"size", "FEW"};
static int size(struct place *place) { return place->size[FEW]; }
int jn_half(int n)
{
    struct place at = {0, {n, sizeof(words)}};
    return size(&at) / TWICE;
}
END
}

join() {
    python3 "$TEST_ROOT/pkgconfig/amalgamate.py" out "$@" part/b.c
}

# Appends to FILE of the small tree, and tries to join.
with() {
    small_tree
    cat >>"lib/$1" && join a.c
}

answers() {
    printf '%s\n' '#include "journal.h"' \
        'int main(void) { return journal_answer() != 42; }' >out/main.c
    "$CC" -std=c11 -Wall -Wextra -Werror -o out/main out/main.c out/journal.c &&
        out/main
}

externals() {
    nm -g --defined-only "$1" | awk '{ print $3 }' | sort
}

in_map() {
    sed -n 's/^ *\(journal_[a-z0-9_]*\);.*/\1/p' \
        "$TEST_ROOT/lib/libjournal.map" | sort
}

# A copy of what was made, where nothing else is.
alone() {
    rm -rf "$TMPDIR/alone"
    mkdir "$TMPDIR/alone"
    cp "$made/journal.c" "$made/journal.h" "$TMPDIR/alone" || exit 1
    cd "$TMPDIR/alone" || exit 1
}

strict() {
    compiler=$1
    shift
    "$compiler" -std=c11 -Wall -Wextra -Werror "$@" -c journal.c
}

runs() {
    cp "$TEST_ROOT/test/install/program.c" . || return
    "$CC" -I. program.c journal.o -llmdb -lxxhash -o program &&
        ./program "$TMPDIR/a-journal"
}

# The amalgamation and two that are wrong, compared with lib/: the first file's
# macro goes on into the second; a function is another file's.
# shellcheck disable=SC2086 # a list of words
compare_code() {
    same=$TMPDIR/alone/journal.c
    macro=$(sed -n 's/^#undef \(.*\)/\1/p' "$same" | sort | uniq -d |
        head -n 1)
    [ -n "$macro" ] || echo "no macro is that of two files"
    sed "s/^#define $macro .*/#define $macro 17/" "$same" >"$TMPDIR/macro.c"
    sed 's/\btimes_search(/store_search(/' "$same" >"$TMPDIR/function.c"
    cd "$TEST_ROOT" || return
    python3 test/packages/same_code.py "$CC" "$same" "$TMPDIR/macro.c" \
        "$TMPDIR/function.c" -- $LIB_SOURCES >"$TMPDIR/compared" 2>&1
}

small_tree
claim "two files with the same names are joined" join a.c
claim "and give the right answer" answers
claim "with nothing else to be seen" same journal_answer "$(
    "$CC" -c -o out/journal.o out/journal.c && externals out/journal.o)"
claim "a source that is not there is named" \
    refused 'lib/c.c: No such file' join a.c c.c
claim "a header that is not there is named" \
    refused 'lib/a.c: includes none.h, which is not in lib' with a.c <<'END'
#include "none.h"
END
claim "an include under a condition's other half is refused" \
    refused 'lib/a.c: includes <time.h> after #else' with a.c <<'END'
#ifdef FAST
#else
#include <time.h>
#endif
END
claim "a header without a guard is named" \
    refused 'lib/unguarded.h: has no include guard' with a.c <<'END'
#include "unguarded.h"
END
claim "a name that two headers have is named with both" \
    refused 'lib/k.h: its tag jn_two is also one of lib/i.h' with a.c <<'END'
#include "i.h"
#include "k.h"
END
claim "so is a macro of a header that a source has for itself" \
    refused 'lib/a.c: its TWICE is also a macro of lib/k.h' with a.c <<'END'
#include "k.h"
END
claim "a new name that is there already is named" \
    refused 'lib/a.c: size cannot become a_size' with part/b.c <<'END'
static int a_size;
END
claim "brackets that do not match are told" \
    refused 'lib/a.c: brackets do not match' with a.c <<'END'
int jn_wrong(void) { return (1]; }
END
claim "so is the end of a file within a declaration" \
    refused 'lib/a.c: ends within a declaration' with a.c <<'END'
int jn_wrong(void)
END
claim "so is a declaration of a kind that is not known" \
    refused 'lib/a.c: cannot tell what is declared by' with a.c <<'END'
static _Alignas(8) char room[8];
END
claim "what is refused leaves nothing" same "" "$(ls "$small/out" 2>/dev/null)"

alone
claim "gcc has nothing to say" strict gcc -O2
claim "nor without assertions" strict gcc -DNDEBUG -fsyntax-only
claim "clang has nothing to say" strict clang
claim "nor without assertions" strict clang -DNDEBUG -fsyntax-only
claim "cc -c journal.c is enough" cc -c journal.c
claim "the calls of journal.h are seen from outside, and nothing else" \
    same "$(in_map)" "$(externals journal.o)"
claim "a program with this one object runs" runs
compare_code
claim "for the compiler it is what lib/ is" \
    grep "alone/journal.c: 0 of [0-9][0-9]* " "$TMPDIR/compared"
claim "a macro of the wrong file would be noticed" \
    grep "macro.c: [1-9][0-9]* of" "$TMPDIR/compared"
claim "so would a function" \
    grep "function.c: [1-9][0-9]* of" "$TMPDIR/compared"

end amalgamation_test
