#!/bin/sh
# terminal_test.sh - colours and bars, where there is somebody to see them.
#
#   JOURNAL=build/journal test/cli/terminal_test.sh
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

ESC=$(printf '\033')
command -v script >/dev/null || {
    echo 'no script(1), which makes a terminal'
    exit 77
}

# on_terminal COMMAND: what a person would see of it, in shown.
on_terminal() {
    script -qec "$1" /dev/null </dev/null | tr -d '\r' >shown
}

has_colours() {
    grep -q "$ESC\\[[0-9;]*m" "$1"
}

test_colours() {
    "$JOURNAL" append -q t key value
    "$JOURNAL" append -q --delete t gone
    "$JOURNAL" mark t m 1
    for command in 'replay t' 'history t key' 'keys t' 'get -v t key' \
        'stat t' 'mark t' 'verify t' 'get t nobody'; do
        on_terminal "env -u NO_COLOR TERM=xterm '$JOURNAL' $command"
        verify "$command has colours on a terminal" has_colours shown
        sed "s/$ESC\\[[0-9;]*m//g" shown >plain
        on_terminal "NO_COLOR=1 TERM=xterm '$JOURNAL' $command"
        CLAIM="$command has none where NO_COLOR says so"
        if has_colours shown; then fail "$command"; else pass; fi
        verify 'and else is the same' cmp -s shown plain
        on_terminal "env -u NO_COLOR TERM=dumb '$JOURNAL' $command"
        verify 'nor on a dumb terminal' cmp -s shown plain
        on_terminal "env -u NO_COLOR -u TERM '$JOURNAL' $command"
        verify 'nor on one that nobody knows' cmp -s shown plain
        # shellcheck disable=SC2086 # words
        env -u NO_COLOR TERM=xterm "$JOURNAL" $command >out 2>err
        CLAIM="$command has none elsewhere"
        if has_colours out || has_colours err; then
            fail "$command"
        else
            pass
        fi
        on_terminal "NO_COLOR= TERM=xterm '$JOURNAL' $command"
        verify 'an empty NO_COLOR says nothing' has_colours shown
    done
    on_terminal "env -u NO_COLOR TERM=xterm '$JOURNAL' replay --json t"
    CLAIM='JSON has none'
    if has_colours shown; then fail replay --json; else pass; fi
}

# Types once the hint has been seen: of a command that ends at once the terminal
# may lose what it said.
type_when_told() {
    tries=0
    until grep -q 'hint: reading what you' shown || [ $tries -eq 100 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    printf 'typed\n\004'
}

# Whoever is to type is told so.
test_typing() {
    : >shown
    type_when_told | script -qefc "'$JOURNAL' append -q typed k" shown \
        >/dev/null
    verify 'a person is told to type' grep -q 'hint: reading what you' shown
    CLAIM='and that is the value'
    if [ "$("$JOURNAL" get typed k)" = typed ]; then pass; else fail; fi
    on_terminal "printf 'a\\tb\\n' | '$JOURNAL' append -q --tab typed"
    verify 'a pipe is not' test ! -s shown
    on_terminal "'$JOURNAL' append -q typed k v"
    verify 'nor is it where nothing is read' test ! -s shown
    "$JOURNAL" append -q typed k v2
    on_terminal "'$JOURNAL' rewind typed 1"
    verify 'a question without an answer has its line' grep -q \
        '\[y/N\] *$' shown
    verify 'and the message one of its own' grep -q \
        '^journal: typed: nothing was dropped' shown
}

# What takes long shows how far it is, on standard error alone.
test_bars() {
    seq 100000 | "$JOURNAL" append -q --relaxed --lines --batch 10000 long k
    on_terminal "'$JOURNAL' bench --time 300ms . >out"
    verify 'a bar is shown' grep -q 'measuring \[#* *\] *[0-9]* %' shown
    verify 'and goes again' grep -q "$ESC\\[K\$" shown
    on_terminal "'$JOURNAL' bench --time 30ms . 2>err"
    verify 'not in what is standard output' grep -q '^replay' shown
    verify 'and not in a file' test ! -s err
    on_terminal "'$JOURNAL' export long"
    CLAIM='not between lines that go to the terminal'
    if grep -q exporting shown; then fail export; else pass; fi
    verify 'which are all there' \
        test "$(grep -c '^{"seq"' shown)" -eq 100000
}

test_json() {
    says 'prune tells in JSON what it would do' \
        "{\"removed\":1,\"dry_run\":true}$NL" \
        prune --json --dry-run --past-marks --before 1 t
    says 'and what it did' "{\"removed\":1}$NL" \
        prune --json --before 1 t
    says 'so does rewind' "{\"dropped\":1,\"size\":1,\"dry_run\":true}$NL" \
        rewind --json --dry-run t 1
    says 'both times' "{\"dropped\":1,\"size\":1}$NL" rewind --json --yes t 1
}

test_colours
test_bars
test_typing
test_json

conclude terminal_test
