#!/bin/sh
# manual_test.sh - each command has a manual page, with the options that it has.
#
#   JOURNAL=build/journal test/cli/manual_test.sh
set -u

MANUAL=$(cd "$(dirname "$0")/../../docs/man" && pwd) || exit 1

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

# options_of_page FILE: in its lists of options; synopses have them again.
options_of_page() {
    sed -n 's/^\.It.* Fl -\([a-z-]*\).*/\1/p' "$1" | sort -u
}

options_of_help() {
    "$JOURNAL" help "$1" | sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p' |
        sort -u
}

letters_of_page() {
    sed -n 's/^\.It Fl \([a-z]\) , Fl -\([a-z-]*\).*/\1 \2/p' "$1" | sort -u
}

letters_of_help() {
    "$JOURNAL" help "$1" | sed -n 's/^  -\(.\), --\([a-z-]*\).*/\1 \2/p' |
        sort -u
}

# Every option of a list is in the synopsis too, by letter or by name.
is_in_synopsis() {
    synopsis=$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "$1")
    while read -r option; do
        letter=$(sed -n \
            "s/^\\.It Fl \\(.\\) , Fl -$option\\( .*\\)*\$/\\1/p" "$1")
        echo "$synopsis" | grep -qE -e "(Fl|\\|) -$option( |\$)" && continue
        [ -n "$letter" ] && echo "$synopsis" |
            grep -qE -e "(Fl |\\| )[a-z]*$letter" && continue
        echo "$option"
        return 1
    done
}

for command in $("$JOURNAL" help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p'); do
    [ "$command" != help ] || continue
    page=$MANUAL/journal-$command.1
    verify "$command has a page" test -s "$page"
    options_of_page "$page" >there
    options_of_help "$command" >help
    # Another name, which help does not tell of.
    [ "$command" != replay ] || sed -i "/^from$/d" there
    verify "with its options, and no others" diff help there
    letters_of_page "$page" >page.letters
    letters_of_help "$command" >help.letters
    verify "and their letters" diff help.letters page.letters
    verify "which its synopsis has" is_in_synopsis "$page" <help
    verify "and its exit codes" grep -q '^\.Sh EXIT STATUS' "$page"
    verify "and an example" grep -q '^\$ .*journal '"$command" "$page"
    verify "the overview lists it" \
        grep -q "^\\.It Xr journal-$command 1" "$MANUAL/journal.1"
done
for page in "$MANUAL"/journal-*.1; do
    name=$(basename "$page" .1)
    run help "${name#journal-}"
    verify "$name is of a command" test "$code" -eq 0
done

conclude manual_test
