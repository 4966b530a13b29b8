#!/bin/sh
# docs.sh - does every link of the documents lead somewhere, also in the HTML
# that `make docs` makes, and are its bars those of the tables?
set -u

found=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

complain() {
    echo "$1"
    found=1
}

# "](FILE" of pages in Markdown, relative to the page.
for page in README.md docs/*.md docs/examples/*.md docs/html/*.md; do
    folder=$(dirname "$page")
    # The index is written as if it were in docs/.
    [ "$folder" != docs/html ] || folder=docs
    sed -n 's/](/\n](/gp' "$page" | sed -n 's/^](\([^):#]*\).*/\1/p' |
        grep -v '^http\|^$\|^man/.*\.html$' | sort -u >"$work/targets"
    while read -r target; do
        [ -e "$folder/$target" ] || complain "$page: no $folder/$target"
    done <"$work/targets"
done

awk -f docs/pictures/bars.awk docs/benchmarks.md >"$work/bars.svg" || found=1
cmp -s "$work/bars.svg" docs/pictures/benchmarks.svg ||
    complain "docs/pictures/benchmarks.svg: not what bars.awk makes now"

for tool in lowdown mandoc; do
    command -v "$tool" >/dev/null 2>&1 && continue
    [ $found -eq 0 ] || exit 1
    echo "no $tool"
    exit 77
done
docs/html/build.sh "$work/html" >"$work/said" 2>&1 || {
    cat "$work/said"
    exit 1
}
find "$work/html" -type f | sed "s|^$work/html/||" | sort >"$work/files"
links=$PWD/test/lint/links.awk
cd "$work/html" || exit 1
grep '\.html$' "$work/files" | xargs awk -v files="$work/files" -f "$links" ||
    found=1
exit $found
