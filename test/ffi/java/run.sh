#!/bin/sh
# run.sh - the claims of this directory, in Java.  What is compiled goes to
# JOURNAL_BUILD.
set -u

JNA=${JNA:-/usr/share/java/jna.jar}
here=$(dirname "$0")

skip() {
    echo "skipped: no $1"
    exit 77
}

command -v javac >/dev/null || skip default-jdk-headless
[ -f "$JNA" ] || skip libjna-java

rm -rf "$JOURNAL_BUILD/classes"
javac -Xlint:all -Werror -d "$JOURNAL_BUILD/classes" -cp "$JNA" \
    "$here"/*.java || exit 1
exec java -cp "$JNA:$JOURNAL_BUILD/classes" Test
