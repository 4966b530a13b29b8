#!/bin/sh
# man-pages.sh - is every public call named by a page of section 3, and is every
# page well made?
set -u

found=0
calls=$(mktemp) || exit 1
trap 'rm -f "$calls"' EXIT

complain() {
    echo "$1"
    found=1
}

# The calls that the NAME sections of the pages speak of.
named=$(cat docs/man/*.3 2>/dev/null | awk '
    /^\.S[hH]/ { inside = /NAME/ }
    inside { gsub(/\\-/, "-"); print }')

sed -n '/global:/,/local:/s/^ *\(journal_[a-z0-9_]*\);.*/\1/p' \
    lib/libjournal.map >"$calls"
while read -r call; do
    echo "$named" | grep -qw "$call" ||
        complain "$call is in the NAME section of no page in docs/man/*.3"
done <"$calls"

[ -n "$named" ] || { complain "docs/man: no pages"; exit 1; }

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
