#!/bin/sh
# run.sh - the programs of docs/languages.md, each as a newcomer would run it:
# in a directory of its own, with a copy of the binding.
set -u

cd "$(dirname "$0")/../../.." || exit 1
root=$PWD
ffi=$root/test/ffi
passed=0
failed=0

# The block of the page that is marked as $1.
block() {
    awk -v fence="\`\`\`$1" '
        $0 == "```" { inside = 0 }
        inside
        $0 == fence { inside = 1 }' "$root/docs/languages.md"
}

linked() {
    pkg-config --cflags --libs libjournal
}

# shellcheck disable=SC2046 # pkg-config answers in words
run_c() {
    block c >bank.c
    cc bank.c -o bank $(linked) && ./bank
}

# shellcheck disable=SC2046
run_cpp() {
    cp "$ffi"/cpp/*.hpp . && block cpp >bank.cpp
    c++ -std=c++17 bank.cpp -o bank $(linked) && ./bank
}

run_python() {
    cp "$ffi"/python/*.py . && block python >bank.py
    python3 bank.py
}

run_ruby() {
    cp "$ffi"/ruby/*.rb . && block ruby >bank.rb
    ruby bank.rb
}

# In the version that the binding is tested with.
run_js() {
    koffi=$(sed -n 's/^KOFFI=//p' "$ffi/node/run.sh")
    timeout 120 npm install --prefix "$JOURNAL_BUILD" --ignore-scripts \
        --no-audit --no-fund --no-save --prefer-offline "koffi@$koffi" \
        >npm.log 2>&1 || cat npm.log
    cp "$ffi"/node/*.js . && block js >bank.js
    NODE_PATH=$JOURNAL_BUILD/node_modules node bank.js
}

run_lua() {
    cp "$ffi"/luajit/*.lua . && block lua >bank.lua
    luajit bank.lua
}

run_java() {
    jna=/usr/share/java/jna.jar
    cp "$ffi"/java/*.java . && block java >Bank.java
    javac -cp "$jna" ./*.java && java -cp "$jna:." Bank
}

run_rust() {
    cp -r "$ffi/rust/journal" . && block rust >bank.rs
    lib=$(pkg-config --variable=libdir libjournal)
    rustc --edition 2021 --crate-type rlib -L "$lib" --crate-name journal \
        journal/lib.rs &&
        rustc --edition 2021 -L "$lib" --extern journal=libjournal.rlib \
            bank.rs && ./bank
}

run_go() {
    cp -r "$ffi/go/journal" "$ffi/go/go.mod" . && block go >bank.go
    GOCACHE=$JOURNAL_BUILD/cache GOPATH=$JOURNAL_BUILD/path GOENV=off \
        GOPROXY=off GOTOOLCHAIN=local go run bank.go
}

# By what the program of a block is run.
tool() {
    case $1 in
    c) echo cc ;;
    cpp) echo c++ ;;
    python) echo python3 ;;
    js) echo npm ;;
    lua) echo luajit ;;
    java) echo javac ;;
    rust) echo rustc ;;
    *) echo "$1" ;;
    esac
}

expected='0 alice 10 EUR
1 alice 25 EUR'

# Each block of the page, in its order; one without a run_ function fails.
blocks=$(sed -n 's/^```\(..*\)/\1/p' docs/languages.md)
for language in $blocks; do
    if [ "${FFI_NEED:-}" != all ] &&
        ! command -v "$(tool "$language")" >/dev/null; then
        echo "$language is left out: no $(tool "$language")"
        continue
    fi
    mkdir "$JOURNAL_WORK/$language"
    said=$(cd "$JOURNAL_WORK/$language" && "run_$language" 2>&1)
    if [ "$said" = "$expected" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s says\n%s\n' "$language" "$said"
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
