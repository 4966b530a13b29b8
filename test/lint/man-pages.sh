#!/bin/sh
# man-pages.sh - does every public call have its page, with the prototype that
# the header has, is every page well made, and does every reference lead to one?
set -u

found=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

complain() {
    echo "$1"
    found=1
}

# "NAME SECTION" for each page, and each name that its NAME section speaks of.
names() {
    for page in docs/man/*.[1-8]; do
        basename "$page" | sed 's/\.\([1-8]\)$/ \1/'
        awk -v section="${page##*.}" '
            /^\.S[hH]/ { inside = /NAME/ }
            inside && /^\.Nm / { print $2, section }' "$page"
    done
}

ls docs/man/*.3 >/dev/null 2>&1 || { echo "docs/man: no pages"; exit 1; }
names >"$work/names"
awk '/^\.S[hH]/ { inside = /NAME/ } inside && /^\.Nm / { print $2, 3 }' \
    docs/man/*.3 >"$work/named"

sed -n '/global:/,/local:/s/^ *\(journal_[a-z0-9_]*\);.*/\1/p' \
    lib/libjournal.map >"$work/calls"
while read -r call; do
    grep -qx "$call 3" "$work/named" ||
        complain "$call is in the NAME section of no page in docs/man/*.3"
done <"$work/calls"

sed -n 's/^\.Xr \(lib\)\{0,1\}\(journal[a-z_-]*\) \([1-8]\).*/\1\2 \3/p' \
    docs/man/*.[1-8] | sort -u >"$work/references"
while read -r reference; do
    grep -qx "$reference" "$work/names" ||
        complain "docs/man: .Xr $reference leads nowhere"
done <"$work/references"

awk -f test/lint/man-synopsis.awk include/journal.h | sort >"$work/header"
awk -f test/lint/man-synopsis.awk docs/man/*.3 | sort >"$work/pages"
diff "$work/header" "$work/pages" >"$work/differs" || {
    complain "prototypes of journal.h (<) and of docs/man/*.3 (>) differ:"
    cat "$work/differs"
}

# Who has the library installed has no docs/format.md; bytes are drawn in both.
# shellcheck disable=SC2016 # fences of Markdown, not commands
sed -n '/^```$/,/^```$/{/^```$/!p}' docs/format.md | grep . >"$work/drawn"
sed -n '/^\.Bd/,/^\.Ed/{/^\./!p}' docs/man/journal-format.5 >"$work/printed"
while IFS= read -r line; do
    grep -qxF -e "$line" "$work/printed" ||
        complain "docs/man/journal-format.5 lacks what format.md draws: $line"
done <"$work/drawn"

# The overview has a whole program.
awk '/^\.Bd/ { inside = 1; next } /^\.Ed/ { inside = 0 } inside' \
    docs/man/libjournal.7 | sed 's/\\e/\\/g' >"$work/program.c"
${CC:-cc} -fsyntax-only -Wall -Wextra -Werror -Iinclude "$work/program.c" ||
    complain "docs/man/libjournal.7: its program does not compile"

for page in docs/man/*.[1-8]; do
    grep -Eq '^\.(TH|Dt) ' "$page" || complain "$page: has no title line"
    section=${page##*.}
    grep -Eq "^\.(TH|Dt) +[^ ]+ +\"?$section" "$page" ||
        complain "$page: its title names another section"
done

if command -v mandoc >/dev/null 2>&1; then
    mandoc -T lint -W warning docs/man/*.[1-8] || found=1
elif command -v groff >/dev/null 2>&1; then
    for page in docs/man/*.[1-8]; do
        said=$(groff -ww -mandoc -Tutf8 "$page" 2>&1 >/dev/null)
        [ -z "$said" ] || complain "$said"
    done
fi
exit $found
