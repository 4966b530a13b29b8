#!/bin/sh
# layers.sh - do the #include lines of lib/ point down, as the levels are drawn?
#
#   4   the public calls: open append append_packed get query fill prune rewind
#       mark stat sync wait keyexpr version verify backup salvage
#   3   what a journal is: handle inspect anew create files shared request view
#       apply commit upkeep entry marks times history removal retention filter
#       keys range plan gather scan cursor clearance newest recovery stage
#       drain slices group graft audit snapshot settled copy target search
#       account frames wreck
#   2½  walk freelist, over pages
#   2   parts that don't know each other: record links index state expr packed
#       pages lock filesystem store tail build
#   1½  recent, of which transactions see a part; page
#   1   checksum error clock futex stamp sized layout numbers rows arena
#       keytable keysort disk gaps finds
#   0   bytes reclaim
#
# Files store_*.c and store_*.h belong to store, and likewise those of other
# modules; such a header is for them alone.  Neighbours on level 3 may know each
# other, but not both ways.
set -u

for file in lib/*.[ch] lib/cli/*.[ch]; do
    [ ! -f "$file" ] || grep -Hn '^[[:space:]]*#[[:space:]]*include' "$file"
done | awk '
function levels(level, names,    list, i) {
    for (i = split(names, list, " "); i > 0; i--)
        level_of[list[i]] = level
}

BEGIN {
    levels(4, "open append append_packed get query fill prune rewind mark")
    levels(4, "stat sync wait keyexpr version")
    levels(4, "verify")
    levels(4, "backup")
    levels(4, "salvage")
    levels(3, "handle inspect anew create files shared request view apply commit")
    levels(3, "upkeep entry marks times history removal filter keys range")
    levels(3, "plan gather scan cursor retention clearance newest recovery")
    levels(3, "stage drain slices group graft")
    levels(3, "audit")
    levels(3, "snapshot")
    levels(3, "settled copy target")
    levels(3, "search account frames wreck")
    levels(2.5, "walk freelist")
    levels(2, "record links index state expr packed pages lock filesystem")
    levels(2, "store tail build")
    levels(1.5, "recent page")
    levels(1, "checksum error clock futex stamp sized layout numbers rows")
    levels(1, "arena keytable keysort disk gaps finds")
    levels(0, "bytes reclaim")
    families = "^(store|tail|recent|shared|view|gather|stage|newest|walk"
    families = families "|audit|wreck|graft)_"
    FS = ":"
}

function module(file) {
    sub(/\.[ch]$/, "", file)
    if (!(file in level_of) &&
        match(file, families))
        file = substr(file, 1, RLENGTH - 1)
    return file in level_of ? file : ""
}

function complain(text) {
    print $1 ":" $2 ": " text
    bad = 1
}

function of_library(file, name, quoted,    from, to) {
    from = module(file)
    if (from == "") {
        if (!(file in seen))
            complain(file " has no level: give it one in test/lint/layers.sh")
        seen[file] = 1
        return
    }
    if (name == "lmdb.h" && from != "store" && from != "version")
        complain("only store knows LMDB")
    if (name == "xxhash.h" && from != "checksum" && from != "version")
        complain("only checksum knows xxHash")
    if (!quoted)
        return
    to = module(name)
    if (to == "")
        complain("\"" name "\" is no header of the library")
    else if (to == from)
        return
    else if (name != to ".h")
        complain("\"" name "\" is for " to " alone")
    else if (level_of[to] > level_of[from])
        complain(from " (level " level_of[from] ") looks up to " to \
            " (level " level_of[to] ")")
    else if (level_of[to] == level_of[from] && level_of[to] != 3)
        complain(from " and " to " are strangers on level " level_of[to])
    else if (level_of[to] == level_of[from])
        knows[from, to] = $1 ":" $2
}

function of_command(name, quoted) {
    if (quoted && (getline line < ("lib/cli/" name)) < 0)
        complain("the command knows <journal.h> and its own headers only")
    if (!quoted && (name == "lmdb.h" || name == "xxhash.h"))
        complain("the command goes through <journal.h>")
}

{
    quoted = $3 ~ /"/
    name = $3
    gsub(/^[^<"]*[<"]|[>"].*$/, "", name)
    file = $1
    if (sub(/^lib\/cli\//, "", file))
        of_command(name, quoted)
    else {
        sub(/^lib\//, "", file)
        of_library(file, name, quoted)
    }
}

# Who is known through somebody known, until nothing new turns up.
END {
    do {
        grown = 0
        for (pair in knows) {
            split(pair, a, SUBSEP)
            for (other in knows) {
                split(other, b, SUBSEP)
                if (a[2] == b[1] && !((a[1], b[2]) in knows)) {
                    knows[a[1], b[2]] = knows[pair]
                    grown = 1
                }
            }
            if (grown)
                break
        }
    } while (grown)
    for (pair in knows) {
        split(pair, a, SUBSEP)
        if (a[1] == a[2]) {
            print knows[pair] ": " a[1] " knows itself in a circle on level 3"
            bad = 1
        }
    }
    exit bad
}'
