#!/bin/sh
# denied_test.sh - files that may not be read or written: which, and by whom.
#
#   JOURNAL=build/journal test/cli/denied_test.sh
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

# Modes hold for root too, once it has given up what lets it pass them by.
obey_modes() {
    [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null || return 0
    printf '#!/bin/sh\nexec setpriv --bounding-set %s "%s" "$@"\n' \
        -dac_override,-dac_read_search "$JOURNAL" >journal
    chmod +x journal
    JOURNAL=$WORK/journal
}

# hints CLAIM TEXT: so does the command before, in one of its hints.
hints() {
    verify "$1" grep -q -x -e "journal: hint: $2" err
}

who="this user ($(id -u)) may not"
locks='if nobody is writing to it, --immutable reads it without locks'
denied='^journal: j: Permission denied (EACCES)$'

# denies CLAIM HINT FILE MODE ARGUMENT...: with that mode of the file.
denies() {
    claim=$1
    hint=$2
    file=$3
    mode=$(stat -c %a "$3")
    chmod "$4" "$3"
    shift 4
    complains "$claim" 7 "$denied" "$@"
    hints "$claim: the hint" "$who $hint"
    chmod "$mode" "$file"
}

test_reading() {
    denies 'a directory that may not be entered' "enter 'j'" j 600 get j k
    denies 'one that may not be read' "read 'j'" j 300 get j k
    denies 'data that may not be read' "read 'j/data.mdb'" j/data.mdb 200 \
        get j k
    verify 'no locks are blamed for it' sh -c '! grep -q immutable err'
    denies 'locks that may not be written' "write to 'j/lock.mdb'" \
        j/lock.mdb 400 get j k
    hints 'a reader can do without these' "$locks"
    chmod 400 j/lock.mdb
    says 'as is said' v get --immutable j k
    chmod 600 j/lock.mdb
    rm j/lock.mdb
    denies 'a directory where locks cannot be made' "write to 'j'" j 500 get j k
    hints 'a reader can do without them' "$locks"
}

test_writing() {
    denies 'data that may not be written' "write to 'j/data.mdb'" \
        j/data.mdb 400 append j k v
    mkdir above
    chmod 500 above
    complains 'a place where no journal can be made' 7 \
        '^journal: above/new: Permission denied (EACCES)$' append above/new k v
    hints 'the place is named' "$who write to 'above/'"
    chmod 700 above
    rmdir above
}

test_salvage() {
    mkdir above
    chmod 500 above
    complains 'where salvage may not put the new journal' 7 \
        '^journal: above/new: Permission denied (EACCES)$' salvage j above/new
    hints 'the place is named there too' "$who write to 'above/'"
    chmod 700 above
    denies 'a journal that it may not read' "read 'j/data.mdb'" j/data.mdb 200 \
        salvage j new
    complains 'a place that is not there' 7 \
        '^journal: no/new: No such file or directory (ENOENT)$' salvage j no/new
}

"$JOURNAL" append -q j k v
obey_modes
chmod 400 j/data.mdb
if "$JOURNAL" append -q j k v 2>/dev/null; then
    echo "modes of files do not hold here"
    exit 77
fi
chmod 600 j/data.mdb
test_reading
test_writing
test_salvage

conclude denied_test
