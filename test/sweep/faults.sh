#!/bin/sh
# faults.sh - runs sweep_test, and says of which calls in lib/ none has failed.
#
#   test/sweep/faults.sh OUT/test/sweep/sweep_test
set -u

sites=$(mktemp) || exit 1
trap 'rm -f "$sites" "$sites".*' EXIT
status=0
FAULT_SITES=$sites "$1" || status=$?

command -v objdump >/dev/null && command -v addr2line >/dev/null || exit $status

# The calls that may fail, by where they return to, and the lines they are in.
calls='(p?write|writev|pread|f?sync|fdatasync|msync|f?truncate|open|close|mmap'
calls="$calls|(posix_)?fallocate|rename(at2)?|unlink|rmdir|mkdir|f?chmod|fchown"
calls="$calls|fcntl|flock|l?stat|fstat|access|f?statfs|fstatvfs|lseek"
calls="$calls|getentropy|realpath|opendir|readdir|[mc]alloc|realloc"
calls="$calls|aligned_alloc)"
objdump -d --no-show-raw-insn "$1" | awk -v calls="<$calls(@plt)?>\$" '
    after { sub(":", "", $1); print "0x" $1; after = 0 }
    /call|jmp/ && $0 ~ calls && /call/ { after = 1 }' >"$sites.all"
awk '$1 == "sweep_test" && $4 == "failed" { print $2 }' "$sites" |
    sort -u >"$sites.failed"
awk '{ print $1 }' "$sites.all" | addr2line -e "$1" |
    paste "$sites.all" - | grep '/lib/' | sort >"$sites.lib"
join -v 1 "$sites.lib" "$sites.failed" >"$sites.left"
echo "faults: of $(wc -l <"$sites.lib") such calls in lib/ all but" \
    "$(wc -l <"$sites.left") failed at least once:"
sed 's|.*/lib/|    lib/|' "$sites.left" | sort
exit $status
