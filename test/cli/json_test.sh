#!/bin/sh
# json_test.sh - JSON lines into a journal: every form, and every way to be
# wrong.
#
#   JOURNAL=build/journal test/cli/json_test.sh
# shellcheck disable=SC1003,SC2162 # backslashes; `read` is journal's
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

# lines TEXT...: into the file `in`, each on a line.
lines() {
    printf '%s\n' "$@" >in
}

# ---- what is taken ----------------------------------------------------------

test_lines() {
    lines '{"key":"a","value":"one"}' \
        '{ "value" : "zw\u00f6lf\n\ud83d\ude00" , "key" : "b" }' \
        '{"key_b64":"/wA=","value_b64":"AP8=","meta":"m"}' \
        '{"key":"a","tombstone":true}' \
        '{"key":"c","value":"v","meta_b64":"/w==","tombstone":false}' \
        '{"key":"d","value":"v","stamp":{"time":7,"id":"AB"}}' \
        '{"key":"n\u0000l","value":""}'
    says 'each line gets a number' "0${NL}1${NL}2${NL}3${NL}4${NL}5${NL}6$NL" \
        append --json-lines j <in
    says 'escapes are characters' "$(printf 'zw\303\266lf\n\360\237\230\200')" \
        get j b
    run read j 2
    verify 'base 64 is bytes' test "$(od -An -tx1 out | tr -d ' ')" = 00ff
    complains 'a tombstone deletes' 1 'not found' get j a
    run replay j --meta
    verify 'meta is kept' test "$(cut -f 6 out | paste -sd , -)" = \
        ',,m,,\xff,,'
    verify 'keys may hold NUL' test "$(tail -n 1 out | cut -f 3)" = 'n\x00l'
    run read -v j 5
    verify 'a stamp is taken' grep -q '^stamp  *7:ab00000' out
    run append --json-lines j </dev/null
    verify 'no line is no entry' test ! -s out
    printf '{"key":"z","value":"1"}\0{"key":"z","value":"2"}' >in
    says 'lines may end in NUL' "7${NL}8$NL" append -z --json-lines j <in
}

test_defaults() {
    lines '{"value":"1"}' '{"key":"own","value":"2","meta":"mine"}'
    says 'what a line does not say is as the options do' "0${NL}1$NL" \
        append --json-lines -m M --stamp 5 --batch 2 defaults k <in
    says 'the key' 1 get defaults k
    says 'or its own' 2 get defaults own
    run replay --meta defaults
    verify 'and the meta' test "$(cut -f 5,6 out | tr '\t\n' ',;')" = \
        'SM,M;SM,mine;'
    complains 'no key is an error' 2 'line 1: the key is empty; --no-key' \
        append --json-lines defaults <in
    says 'if that is not wanted' "2${NL}3$NL" \
        append --json-lines --no-key defaults <in
    says 'numbers may be JSON' "{\"seq\":4}$NL{\"seq\":5}$NL" \
        append --json --json-lines defaults k <in
    says 'that of one entry too' "{\"seq\":6}$NL" append --json defaults k v
}

test_expectations() {
    lines '{"key":"k","value":"1","expect":null}' \
        '{"key":"k","value":"2","expect":0,"expect_seq":1}'
    says 'lines may expect' "0${NL}1$NL" append --json-lines expect <in
    complains 'what does not hold any more' 3 'line 1: .*JOURNAL_CONFLICT' \
        append --json-lines expect <in
    lines '{"key":"k","value":"3","expect_seq":7}'
    complains 'nor ever did' 3 'line 1: .*JOURNAL_CONFLICT' \
        append --json-lines expect <in
    lines '{"key":"s","value":"","stamp":{"time":"18446744073709551615"}}' \
        '{"key":"s","value":"","stamp":{"time":18446744073709551615}}'
    says 'a stamp has 64 bits, as a number and as a string' "2${NL}3$NL" \
        append --json-lines expect <in
    run read --json expect 3
    verify 'and keeps them' grep -q '"time":18446744073709551615,' out
    lines '{"key":"s","value":"","stamp":{"time":1}}'
    complains 'an older one is refused' 3 'line 1: .*JOURNAL_OUTDATED' \
        append --json-lines expect <in
}

# What one journal prints makes another.
test_copy() {
    head -c 3000 /dev/urandom | "$JOURNAL" append -q j blob
    run append -q j keyless-too x
    run append -q --no-key j keyless
    run replay --json j
    cp out first
    "$JOURNAL" append -q --no-key --json-lines copy <first 2>err
    "$JOURNAL" replay --json copy >second
    sed 's/"time":[0-9]*,"time_iso":"[^"]*",//' first >a
    sed 's/"time":[0-9]*,"time_iso":"[^"]*",//' second >b
    verify 'what replay prints makes the same, but for times' cmp -s a b
    verify 'without a word' test ! -s err
}

# ---- what is not ------------------------------------------------------------

# refused CLAIM PATTERN LINE
refused() {
    lines '{"key":"k","value":"v"}' "$3"
    complains "$1" 2 "standard input: line 2: $2" \
        append --json-lines --batch 5 bad <in
}

test_bad_lines() {
    refused 'a line that breaks off is told with its place' \
        'not JSON: column 1[0-9]: ' '{"key":"k","va'
    refused 'so is what is none' "not JSON: column 5: .*near 'hello'" hello
    refused 'and an empty line' 'not JSON: an empty line$' ''
    refused 'also one of blanks' 'not JSON: an empty line$' " $TAB"
    refused 'a mark that nobody sees' 'not JSON: a byte order mark' \
        "$(printf '\357\273\277')"'{"key":"k","value":"v"}'
    refused 'two values are not one' "not JSON: column 25: .*end of file" \
        '{"key":"k","value":"v"} {}'
    refused 'an array is not a record' 'not a JSON object' '[1]'
    refused 'nor is a string' '\(not a JSON object\|not JSON\)' '"k"'
    refused 'a member twice' 'not JSON: .*duplicate' \
        '{"key":"k","value":"v","key":"k"}'
    refused 'a member in two forms' 'value is there twice\|value_b64 is there' \
        '{"key":"k","value":"v","value_b64":"dg=="}'
    refused 'a member that nobody knows' "there is no member 'vlaue'" \
        '{"key":"k","vlaue":"v"}'
    refused 'one that would disturb a terminal' 'there is no member .*x1b\[2J' \
        '{"key":"k","\u001b[2J":"v"}'
    refused 'neither a value nor a tombstone' 'there is neither a value' \
        '{"key":"k"}'
    refused 'both of them' 'a tombstone has no value' \
        '{"key":"k","value":"v","tombstone":true}'
    refused 'a value that is a number' 'value: not a string' \
        '{"key":"k","value":1}'
    refused 'a value that is null' 'value: not a string' \
        '{"key":"k","value":null}'
    refused 'base 64 that is not' 'value_b64: not base 64' \
        '{"key":"k","value_b64":"dg="}'
    refused 'a tombstone that is a word' 'tombstone: neither true' \
        '{"key":"k","tombstone":"yes"}'
    refused 'a stamp that is a number' 'stamp: not an object' \
        '{"key":"k","value":"v","stamp":1}'
    refused 'a stamp without its time' 'stamp: time: not a number\|stamp: not' \
        '{"key":"k","value":"v","stamp":{"id":"00"}}'
    refused 'a stamp with more' 'stamp: not an object' \
        '{"key":"k","value":"v","stamp":{"time":1,"id":"00","x":1}}'
    refused 'an id that is no bytes' 'stamp: id: ' \
        '{"key":"k","value":"v","stamp":{"time":1,"id":"0"}}'
    refused 'a number below 0' 'expect: not a number' \
        '{"key":"k","value":"v","expect":-1}'
    refused 'one with a point' 'expect_seq: not a number' \
        '{"key":"k","value":"v","expect_seq":1.0}'
    refused 'one of more than 64 bits' 'seq: not a number' \
        '{"key":"k","value":"v","seq":18446744073709551616}'
    refused 'a surrogate alone' 'not JSON: ' '{"key":"k","value":"\ud800"}'
    refused 'bytes that are not UTF-8' 'not JSON: ' \
        "$(printf '{"key":"k","value":"\377"}')"
    refused 'a line of an export' 'not an entry; .*journal import' \
        '{"mark":"m","seq":1}'
    key=$(head -c 65536 /dev/zero | tr '\0' k)
    refused 'a key over its maximum' 'the key is over 65535' \
        "{\"key\":\"$key\",\"value\":\"v\"}"
    awk 'BEGIN { for (i = 0; i < 100000; i++) printf "["; print "" }' >deep
    refused 'what is nested without end' 'not JSON: .*depth' "$(cat deep)"
    verify 'a bad line keeps its whole batch out' \
        test "$("$JOURNAL" stat --json bad | grep -c '"size":0,')" -eq 1
    lines '{"key":"k","value":"v"}' '{'
    run append --json-lines bad <in
    verify 'those in front of it are in' test "$(cat out)" = 0
    verify 'which is told' grep -q 'hint: the lines up to 1 have been' err
    complains '--delete is not for them' 2 'say it' \
        append --delete --json-lines j k
    complains 'nor columns' 2 'and columns' append --tab --json-lines j
    complains 'nor a single expectation' 2 'single entry' \
        append --expect 1 --json-lines j k
}

# Big numbers are found in a line that has everything else, too.
test_big_numbers() {
    lines '{"key":"a \"18446744073709551614\" \\","value":"9223372036854775808",
"seq":9223372036854775808,"time":18446744073709551614,"prev":1.5e3,
"revision":0.12345678901234567890123,"tombstone":false}'
    tr -d '\n' <in >one
    says 'a number of 64 bits does no harm to others' "0$NL" \
        append --json-lines big <one
    says 'nor to strings' 9223372036854775808 get big \
        'a "18446744073709551614" \'
}

test_lines
test_defaults
test_expectations
test_copy
test_bad_lines
test_big_numbers

conclude json_test
