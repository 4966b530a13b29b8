#!/bin/sh
# run.sh - Go: the package journal, vetted and tested.
set -eu

cd "$(dirname "$0")"

skip() {
    echo "$1: apt-get install golang-go"
    exit 77
}

command -v go >/dev/null || skip "no go"
minor=$(go version | sed 's/^go version go1\.\([0-9]*\).*/\1/')
[ "$minor" -ge 19 ] || skip "go is older than 1.19"

# Nothing of the user's, nothing from the network, nothing into the tree.
export GOCACHE="$JOURNAL_BUILD/cache" GOPATH="$JOURNAL_BUILD/path"
export GOENV=off GOFLAGS=-buildvcs=false GOPROXY=off
export GOTOOLCHAIN=local GOWORK=off
export CGO_ENABLED=1 TMPDIR="$JOURNAL_WORK"
# Let cgo look for pointers to memory of Go's that C has kept, where it can.
[ "$minor" -gt 20 ] || export GODEBUG=cgocheck=2

log=$JOURNAL_BUILD/test.log
status=0
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { echo "gofmt: $unformatted"; status=1; }
go vet ./... || status=1
go test -count=1 -timeout 250s -v ./... >"$log" 2>&1 || status=1
[ $status -eq 0 ] || grep -v -e '^=== RUN' -e '^--- PASS' "$log" || true

# A panic, or what does not compile, is no test that has failed.
awk -v status=$status '
    /^ *--- PASS/ { passed++ }
    /^ *--- FAIL/ { failed++ }
    END {
        if (status != 0 && failed == 0)
            failed = 1
        printf "%d passed, %d failed\n", passed, failed
    }' "$log"
[ $status -eq 0 ]
