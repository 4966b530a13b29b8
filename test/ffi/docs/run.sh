#!/bin/sh
# run.sh - the programs of docs/languages.md, each as a newcomer would run it:
# in a directory of its own, with a copy of the binding.
set -u

cd "$(dirname "$0")/../../.." || exit 1
root=$PWD
ffi=$root/test/ffi
passed=0
failed=0

# The block of the page that is marked as $1: the first one is of the program
# bank, the second of update.
block() {
    awk -v fence="\`\`\`$1" -v wanted="$name" '
        $0 == "```" { inside = 0 }
        inside
        $0 == fence { inside = ++count == (wanted == "bank" ? 1 : 2) }' \
        "$root/docs/languages.md"
}

linked() {
    pkg-config --cflags --libs libjournal
}

# shellcheck disable=SC2046 # pkg-config answers in words
run_c() {
    block c >"$name.c"
    cc "$name.c" -o "$name" $(linked) && "./$name"
}

# shellcheck disable=SC2046
run_cpp() {
    cp "$ffi"/cpp/*.hpp . && block cpp >"$name.cpp"
    c++ -std=c++17 "$name.cpp" -o "$name" $(linked) && "./$name"
}

run_python() {
    cp "$ffi"/python/*.py . && block python >"$name.py"
    python3 "$name.py"
}

run_ruby() {
    cp "$ffi"/ruby/*.rb . && block ruby >"$name.rb"
    ruby "$name.rb"
}

# In the version that the binding is tested with.
run_js() {
    koffi=$(sed -n 's/^KOFFI=//p' "$ffi/node/run.sh")
    [ "$name" = update ] ||
        timeout 120 npm install --prefix "$JOURNAL_BUILD" --ignore-scripts \
            --no-audit --no-fund --no-save --prefer-offline "koffi@$koffi" \
            >npm.log 2>&1 || cat npm.log
    cp "$ffi"/node/*.js . && block js >"$name.js"
    NODE_PATH=$JOURNAL_BUILD/node_modules node "$name.js"
}

run_lua() {
    cp "$ffi"/luajit/*.lua . && block lua >"$name.lua"
    luajit "$name.lua"
}

run_java() {
    jna=/usr/share/java/jna.jar
    class=Bank
    [ "$name" = bank ] || class=Update
    cp "$ffi"/java/*.java . && block java >$class.java
    javac -cp "$jna" ./*.java && java -cp "$jna:." $class
}

run_rust() {
    lib=$(pkg-config --variable=libdir libjournal)
    if [ "$name" = bank ]; then
        cp -r "$ffi/rust/journal" .
        rustc --edition 2021 --crate-type rlib -L "$lib" \
            --crate-name journal journal/lib.rs || return
    fi
    block rust >"$name.rs"
    rustc --edition 2021 -L "$lib" --extern journal=libjournal.rlib \
        "$name.rs" && "./$name"
}

run_go() {
    [ "$name" = update ] || cp -r "$ffi/go/journal" "$ffi/go/go.mod" .
    block go >"$name.go"
    GOCACHE=$JOURNAL_BUILD/cache GOPATH=$JOURNAL_BUILD/path GOENV=off \
        GOPROXY=off GOTOOLCHAIN=local go run "$name.go"
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

# judge LANGUAGE EXPECTED: runs the program $name, which should say just that.
judge() {
    said=$(cd "$JOURNAL_WORK/$1" && "run_$1" 2>&1)
    if [ "$said" = "$2" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s, %s says\n%s\n' "$1" "$name" "$said"
    fi
}

# Each language of the page has two blocks; one without a run_ function fails.
blocks=$(sed -n 's/^```\(..*\)/\1/p' docs/languages.md | uniq -c | tr -s ' ' :)
for block in $blocks; do
    language=${block##*:}
    if [ "$block" != ":2:$language" ]; then
        failed=$((failed + 1))
        echo "$language has not two programs"
        continue
    fi
    if [ "${FFI_NEED:-}" != all ] &&
        ! command -v "$(tool "$language")" >/dev/null; then
        echo "$language is left out: no $(tool "$language")"
        continue
    fi
    mkdir "$JOURNAL_WORK/$language"
    name=bank
    judge "$language" "0 alice 10 EUR
1 alice 25 EUR"
    name=update
    judge "$language" "alice has changed since entry 1"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
