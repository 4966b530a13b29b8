#!/bin/sh
# run.sh - Rust: the crate journal, its test, and what the compiler refuses.
set -eu

cd "$(dirname "$0")"

skip() {
    echo "$1: apt-get install rustc"
    exit 77
}

# The oldest compiler that has all that is used here is 1.63.
command -v rustc >/dev/null || skip "no rustc"
version=$(rustc --version | sed 's/^rustc 1\.\([0-9]*\).*/\1/')
[ "$version" -ge 63 ] || skip "rustc is older than 1.63"

out=$JOURNAL_BUILD
library=$(pkg-config --variable=libdir libjournal)

compile() {
    rustc --edition 2021 -D warnings -L "native=$library" \
        --out-dir "$out" "$@"
}

compile_with_crate() {
    compile --extern "journal=$out/libjournal.rlib" "$@"
}

# Each file in refused/ says with which error it has to be refused; and it has
# that one alone, so that the test is not about something else.
refused=0
refuse() {
    code=$(sed -n 's/.*Refused: \(E[0-9]*\)$/\1/p' "$1")
    if compile_with_crate --emit metadata "$1" 2>"$out/refused.log" ||
        [ "$(grep -c '^error\[' "$out/refused.log")" -ne 1 ] ||
        ! grep -q "^error\[$code\]" "$out/refused.log"; then
        echo "$1: is not refused with $code, and that alone"
        sed 's/^/    /' "$out/refused.log"
        return
    fi
    refused=$((refused + 1))
}

compile --crate-type rlib --crate-name journal journal/lib.rs
compile_with_crate --crate-name rust_test test/main.rs
count=0
for file in refused/*.rs; do
    count=$((count + 1))
    refuse "$file"
done

status=0
"$out/rust_test" >"$out/test.log" || status=$?
sed '$d' "$out/test.log"
tail -n 1 "$out/test.log" |
    awk -v more="$refused" -v less=$((count - refused)) '
        { print $1 + more " passed, " $3 + less " failed" }'
[ $status -eq 0 ] && [ $refused -eq $count ]
