#!/bin/sh
# exports.sh - do the header, the version script and the library agree?
#
# LIBRARY is the shared library.
set -u

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# A declaration may go over several lines.
tr '\n' ' ' <include/journal.h | grep -o 'JOURNAL_API [^(;]*(' |
    sed -n 's/.*[ *]\(journal_[a-z0-9_]*\)($/\1/p' | sort >"$work/header"
sed -n '/global:/,/local:/s/^ *\(journal_[a-z0-9_]*\);.*/\1/p' \
    lib/libjournal.map | sort >"$work/map"
nm -D --defined-only "$LIBRARY" | awk '$2 != "A" { print $3 }' |
    sed 's/@.*//' | sort >"$work/library"

# What the Debian package of the library says since when it has them.
symbols=pkgconfig/debian/libjournal0.symbols
sed -n 's/^ \(journal_[a-z0-9_]*\)@.*/\1/p' $symbols | sort >"$work/symbols"

compare() {
    comm -23 "$work/$1" "$work/$2" | sed "s|\$| is in $3 and not in $4|"
    comm -13 "$work/$1" "$work/$2" | sed "s|\$| is in $4 and not in $3|"
}

{
    [ -s "$work/header" ] || echo "include/journal.h declares nothing"
    compare header map include/journal.h lib/libjournal.map
    compare map symbols lib/libjournal.map "$symbols"
    compare header library include/journal.h "$LIBRARY"
} >"$work/found"
cat "$work/found"
[ ! -s "$work/found" ]
