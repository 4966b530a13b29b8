#!/bin/sh
# tree.sh - is everything in its place, listed, and of a readable size?
#
# LIB_SOURCES and CLI_SOURCES are the Makefile's lists.
set -u

found=0
complain() {
    echo "$1"
    found=1
}

lines_max=500

for path in * .[!.]*; do
    case $path in
    Makefile | include | lib | test | docs | pkgconfig | README.md | COPYING) ;;
    .ci | .git | .gitignore | .clang-format | .clang-tidy | .editorconfig) ;;
    build) ;;
    *) complain "$path: does not belong to the top of the tree" ;;
    esac
done
for path in Makefile include lib test docs pkgconfig README.md COPYING \
    .ci/run .gitignore .clang-format .clang-tidy .editorconfig; do
    [ -e "$path" ] || complain "$path: is missing"
done

# A source that the Makefile does not list would quietly not be built.
listed() {
    for file in $1; do
        name=${file#"$4"}
        case " $2 " in
        *" $name "*) ;;
        *) complain "$file: is not in the Makefile's $3" ;;
        esac
    done
}
listed "$(echo lib/*/*.c | sed 's|lib/cli/[^ ]*||g')" "$LIB_SOURCES" \
    LIB_SOURCES lib/
listed "$(echo lib/cli/*.c)" "$CLI_SOURCES" CLI_SOURCES lib/cli/

for file in lib/*/*.[ch]; do
    [ -f "$file" ] || continue
    lines=$(wc -l <"$file")
    [ "$lines" -le $lines_max ] ||
        complain "$file: has $lines lines; at $lines_max it becomes two files"
done

# Each file opens with its name and one line on its job.
for file in include/*.h lib/*/*.[ch] test/*/*.[ch] \
    docs/examples/*.c docs/examples/*/*.c; do
    [ -f "$file" ] || continue
    sed 2q "$file" | grep -q "^\(/\*\| \*\) ${file##*/} - [^ ]" ||
        complain "$file: does not open with its name and its job"
done

# So does each of another language, whose comments look otherwise.
for file in test/ffi/*/*; do
    case $file in
    *.c | *.cpp | *.hpp | *.go | *.java | *.js | *.lua | *.py | *.rb | *.rs) ;;
    *) continue ;;
    esac
    sed 3q "$file" | grep -q "\(^\|[ \"]\)${file##*/} - [^ ]" ||
        complain "$file: does not open with its name and its job"
    lines=$(wc -l <"$file")
    [ "$lines" -le $lines_max ] ||
        complain "$file: has $lines lines; at $lines_max it becomes two files"
done

# Characters, not bytes, make the width of a line.
for file in include/*.h lib/*/*.[ch] test/*.sh test/*/*.[ch] test/*/*.sh \
    test/ffi/*/*.c test/ffi/*/*pp test/ffi/*/*.py test/ffi/*/*.rb \
    test/ffi/*/*.sh docs/examples/*.c docs/examples/*/*.c \
    pkgconfig/*.sh pkgconfig/*.py .ci/run; do
    [ -f "$file" ] || continue
    [ -z "$(tail -c 1 "$file")" ] || complain "$file: has no end of last line"
    LC_ALL=C.UTF-8 awk -v file="$file" '
        /\t/ { print file ":" NR ": tab"; bad = 1 }
        /[ \r]$/ { print file ":" NR ": blank at the end of the line"; bad = 1 }
        length > 80 { print file ":" NR ": over 80 columns"; bad = 1 }
        END { exit bad }' "$file" || found=1
done
exit $found
