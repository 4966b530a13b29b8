#!/bin/sh
# layers.sh - do the #include lines of lib/ point down?
#
# From a folder to itself or to one before it in LIB_FOLDERS, the Makefile's
# list.  Within a folder modules may know each other, but not both ways.
#
# Where there is a store.h, files store_*.c and store_*.h belong to store; such
# a header is for them alone.  So with all modules.
set -u

for file in lib/*/*.[ch]; do
    grep -Hn '^[[:space:]]*#[[:space:]]*include' "$file"
done | awk -v folders="$LIB_FOLDERS" -v headers="$(echo lib/*/*.h)" '
BEGIN {
    for (i = split(folders, list, " "); i > 0; i--)
        level_of[list[i]] = i
    for (i = split(headers, list, " "); i > 0; i--) {
        sub(/^lib\//, "", list[i])
        is_header[list[i]] = 1
    }
    FS = ":"
}

function folder(path) {
    sub(/\/.*/, "", path)
    return path
}

# store/store_txn.c belongs to store/store.
function module(path,    name) {
    sub(/\.[ch]$/, "", path)
    for (name = path; sub(/_[^_\/]*$/, "", name);)
        if ((name ".h") in is_header)
            path = name
    return path
}

function complain(text) {
    print $1 ":" $2 ": " text
    bad = 1
}

function of_library(file, name, quoted,    from, to) {
    from = module(file)
    if (!(folder(file) in level_of) && !(file in seen)) {
        complain(folder(file) " is not in the LIB_FOLDERS of the Makefile")
        seen[file] = 1
    }
    if (name == "lmdb.h" && from != "store/store" && from != "api/version")
        complain("only store knows LMDB")
    if (name == "xxhash.h" && from != "base/checksum" && from != "api/version")
        complain("only checksum knows xxHash")
    if (name == "jansson.h")
        complain("jansson is the command'"'"'s: the library does without")
    if (!quoted)
        return
    to = module(name)
    if (!(name in is_header))
        complain("\"" name "\" is no header of the library")
    else if (to == from)
        return
    else if (name != to ".h")
        complain("\"" name "\" is for " to " alone")
    else if (level_of[folder(name)] > level_of[folder(file)])
        complain(folder(file) " looks up to " folder(name))
    else if (folder(file) == folder(name))
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
            print knows[pair] ": " a[1] " knows itself in a circle"
            bad = 1
        }
    }
    exit bad
}'
