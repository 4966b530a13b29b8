#!/bin/sh
# build.sh - makes HTML of all that is in docs/: the pages in Markdown, the
# manual, the examples, the header, and an index of them.
#
#   docs/html/build.sh DIRECTORY
#
# Needs lowdown and mandoc.  Everything refers to its neighbours by relative
# names, so the directory may be put anywhere, and be looked at without a server.
set -eu

cd "$(dirname "$0")/../.."
out=$1
rm -rf "$out"
mkdir -p "$out/man" "$out/examples" "$out/pictures"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in lowdown mandoc; do
    command -v "$tool" >/dev/null || {
        echo "make docs needs $tool: apt-get install $tool" >&2
        exit 1
    }
done
version=$(sed -n 's/^#define JOURNAL_VERSION_[A-Z]* //p' include/journal.h |
    paste -sd .)

# "NAME FILE" for each name that a page of the manual speaks of; a page's own
# comes first.
for page in docs/man/*.[1-8]; do
    name=$(basename "$page")
    echo "${name%.*} $name.html"
    awk -v page="$name.html" '
        /^\.S[hH]/ { inside = /NAME/ }
        inside && /^\.Nm / { print $2, page }' "$page"
done >"$work/names"

# Standard input, a part of a page, becomes the page $1, called $2, which lies
# below $3, "" or "../".
page() {
    awk -v title="$2" -v up="$3" -v version="$version" \
        -v names="$work/names" -f docs/html/page.awk >"$out/$1"
}

escaped() {
    sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' "$1"
}

# The title of a page in Markdown is its first line.
markdown() {
    lowdown -t html "$1" | page "$2" "$(sed -n '1s/^# //p' "$1")" "$3"
}

source_text() {
    {
        echo "<h1>$(basename "$1")</h1>"
        echo "<pre><code>$(escaped "$1")</code></pre>"
    } | page "$2" "$(basename "$1")" "$3"
}

for name in tutorial cookbook languages coming-from benchmarks durability \
    reliability architecture format contributing changelog; do
    markdown "docs/$name.md" "$name.html" ""
done
markdown docs/examples/README.md examples/index.html ../
source_text include/journal.h journal.h.html ""
for file in docs/examples/*.c; do
    source_text "$file" "examples/$(basename "$file").html" ../
done
cp -r docs/examples/cmake "$out/examples/"
for file in docs/man/*.[1-8]; do
    name=$(basename "$file")
    mandoc -T html -O 'fragment,man=%N.%S.html,includes=../%I.html' "$file" |
        page "man/$name.html" "${name%.*}(${name##*.})" ../
done

# Each page of the manual, with what it is about.
list_manual() {
    for file in docs/man/*."$1"; do
        name=$(basename "$file")
        # shellcheck disable=SC2016 # marks of Markdown, not a command
        printf -- '- [`%s`](man/%s.html): %s\n' "${name%.*}" "$name" \
            "$(sed -n 's/^\.Nd //p' "$file")"
    done
}

while IFS= read -r line; do
    case $line in
    'MANUAL '*) list_manual "${line#MANUAL }" ;;
    *) printf '%s\n' "$line" ;;
    esac
done <docs/html/index.md | lowdown -t html | page index.html libjournal ""
cp docs/pictures/*.svg "$out/pictures"
cp docs/html/style.css "$out"
echo "documentation: $out/index.html"
