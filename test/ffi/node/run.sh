#!/bin/sh
# run.sh - the claims of this directory, in Node.  The npm package koffi is
# installed into JOURNAL_BUILD, if it is not there yet.
set -u

KOFFI=3.3.4

command -v node >/dev/null || { echo "skipped: no nodejs"; exit 77; }

installed() {
    grep -q "\"version\": \"$KOFFI\"" \
        "$JOURNAL_BUILD/node_modules/koffi/package.json" 2>/dev/null
}

# The binary comes in a package of its own, so no script has to run.
install_koffi() {
    command -v npm >/dev/null || { echo "skipped: no npm"; exit 77; }
    timeout 120 npm install --prefix "$JOURNAL_BUILD" --ignore-scripts \
        --no-audit --no-fund --no-save "koffi@$KOFFI" \
        >"$JOURNAL_BUILD/npm.log" 2>&1 && return
    cat "$JOURNAL_BUILD/npm.log"
    echo "skipped: npm did not install koffi"
    exit 77
}

installed || install_koffi
NODE_PATH=$JOURNAL_BUILD/node_modules exec node --expose-gc \
    "$(dirname "$0")/test.js"
