#!/bin/sh
# demo.sh - a real history in a journal: what `make demo` shows.
#
#   JOURNAL=build/journal test/demo.sh
#
# Journals the changes that git knows of in DEMO_REPO (default: this tree), at
# most of the newest DEMO_COMMITS commits (default: 2000); asks the journal
# about them; kills a writer in mid-append; and ends with figures.  Fails if an
# entry that was acknowledged is missing, or a number.
# shellcheck disable=SC2016 # awk's dollars
set -u

JOURNAL=${JOURNAL:-build/journal}
ROOT=$(cd "$(dirname "$0")/.." && pwd)
REPO=${DEMO_REPO:-$ROOT}
COMMITS=${DEMO_COMMITS:-2000}
TAB=$(printf '\t')

# Beside the command, since /tmp is memory in places, where flushing is free.
WORK=$(mktemp -d "$(dirname "$JOURNAL")/demo.XXXXXX") || exit 1
WRITER=

clean_up() {
    [ -z "$WRITER" ] || kill -9 "$WRITER" 2>/dev/null
    rm -rf "$WORK"
}
trap clean_up EXIT
trap 'exit 1' HUP INT PIPE TERM

exec 3>&1 # where people look, also from within a command whose output we keep

die() {
    echo "demo: $*" >&2
    exit 1
}

heading() {
    printf '\n== %s\n\n' "$*"
}

# Runs the command, its arguments shown as a person would type them.
show() {
    printf '$ journal' >&3
    for argument; do
        case $argument in
        "$WORK"/*) argument=${argument##*/} ;;
        *[\ *]*) argument="'$argument'" ;;
        esac
        printf ' %s' "$argument" >&3
    done
    echo >&3
    "$JOURNAL" "$@" || die "journal $1 ended with $?"
}

# stat_of JOURNAL NAME: one of its figures.
stat_of() {
    "$JOURNAL" stat --json "$1" | sed "s/.*\"$2\":\([0-9]*\).*/\1/"
}

# pretty FILE: a replay with metas, in even columns, nothing too long.
pretty() {
    awk -F '\t' '
        {
            key = length($3) > 40 ? "..." substr($3, length($3) - 36) : $3
            printf "%7d  %-40s  r%-4d %-10s  %s\n", $1, key, $4, \
                substr($6, 1, 10), $5 ~ /D/ ? "deleted" : substr($7, 1, 24)
        }' "$1"
}

# ---- where the history comes from -------------------------------------------

# The lines of git's log become columns for `append`: op, key, meta, value.
# A commit is "commit ID"; then ":... STATUS<tab>PATH" for each file, then
# "ADDED<tab>REMOVED<tab>PATH" for each, in the same order.
columns_of_log() {
    awk -F '\t' '
        function flush_commit(  i, value) {
            for (i = 1; i <= count; i++) {
                value = status[i]
                if (value == "D") {
                    printf "-\t%s\t%s\t\n", path[i], commit
                    continue
                }
                if (added[i] == "-")
                    value = value " binary"
                else {
                    if (added[i] > 0)
                        value = value " +" added[i]
                    if (removed[i] > 0)
                        value = value " -" removed[i]
                }
                printf "+\t%s\t%s\t%s\n", path[i], commit, value
            }
            count = numbered = 0
        }
        /^commit / { flush_commit(); commit = substr($0, 8); next }
        /^:/ {
            path[++count] = $2
            status[count] = substr($1, length($1))
            next
        }
        NF == 3 {
            added[++numbered] = $1
            removed[numbered] = $2
        }
        END { flush_commit() }'
}

git_history() {
    git -C "$REPO" -c core.quotePath=false log --reverse --topo-order \
        --root --no-renames --raw --numstat --max-count="$COMMITS" \
        --format='commit %h' 2>/dev/null | columns_of_log
}

# Without git: the files that are there, each an entry, oldest first.
file_history() {
    (cd "$ROOT" && find . -type f -not -path './.git/*' -not -path './build/*' \
        -not -path '*/demo.*' -printf '%T@\t%P\n') | sort -n | cut -f 2 |
        while IFS= read -r file; do
            sum=$(cksum <"$ROOT/$file")
            printf '+\t%s\t%08x\tA +%d\n' "$file" "${sum%% *}" \
                "$(wc -l <"$ROOT/$file")"
        done
}

make_history() {
    source='git log'
    git_history >"$WORK/changes"
    if [ -s "$WORK/changes" ]; then
        commits=$(git -C "$REPO" rev-list --count --max-count="$COMMITS" HEAD)
        echo "Every change of a file in the newest $commits commits of"
        (cd "$REPO" && pwd)
        echo 'as an entry: key = path, value = what happened to it (A added,'
        echo 'M modified; lines), meta = commit.  A removed file is deleted.'
    else
        [ -z "${DEMO_REPO:-}" ] || die "no commits in $DEMO_REPO"
        source='find'
        file_history >"$WORK/changes"
        echo 'There is no git history here, so the files of this tree stand in'
        echo 'for one: key = path, value = lines added, meta = checksum.'
    fi
    [ -s "$WORK/changes" ] || die 'there is nothing to journal'
    echo
}

# ---- what the journal tells about it ----------------------------------------

load() {
    echo "\$ $source ... | journal append ... history"
    "$JOURNAL" append -q --columns op,key,meta,value --batch 1000 "$HISTORY" \
        <"$WORK/changes" || die "journal append ended with $?"
    changes=$(wc -l <"$WORK/changes")
    size=$(stat_of "$HISTORY" size)
    [ "$size" -eq "$changes" ] || die "$changes changes, but $size entries"
    echo
    show stat "$HISTORY"
}

newest() {
    show replay --meta --last 10 "$HISTORY" >"$WORK/newest"
    pretty "$WORK/newest"
}

# The path with the most changes is of most interest.
one_file() {
    file=$("$JOURNAL" replay "$HISTORY" | cut -f 3 | grep -v '[\]' | sort |
        uniq -c | sort -k 1,1nr -k 2 | sed -n '1s/^ *[0-9]* //p')
    show history --meta "$HISTORY" "$file" >"$WORK/file"
    revisions=$(wc -l <"$WORK/file")
    pretty "$WORK/file" >"$WORK/pretty"
    if [ "$revisions" -gt 8 ]; then
        head -n 4 "$WORK/pretty"
        echo "         ... $((revisions - 8)) more ..."
        tail -n 4 "$WORK/pretty"
    else
        cat "$WORK/pretty"
    fi
    awk -F '\t' '$4 != NR { exit 1 }' "$WORK/file" ||
        die "the revisions of $file have a gap"
}

# live_at NUMBER: how many keys were there, by replaying up to it.
live_at() {
    "$JOURNAL" replay --limit "$1" "$HISTORY" | awk -F '\t' '
        { if ($5 ~ /D/) delete live[$3]; else live[$3] = 1 }
        END { for (key in live) count++; print count + 0 }'
}

# As of the middle of that file's life: right behind one of its entries.
earlier() {
    awk -F '\t' '$5 !~ /D/' "$WORK/file" >"$WORK/there"
    middle=$((($(wc -l <"$WORK/there") + 1) / 2))
    number=$(sed -n "${middle}p" "$WORK/there" | cut -f 1)
    expected=$(sed -n "${middle}p" "$WORK/there" | cut -f 7)
    at=$((number + 1))
    found=$(show get --at "$at" "$HISTORY" "$file") || exit 1
    echo "$found"
    [ "$found" = "$expected" ] || die "that should have been $expected"
    echo
    then=$(show at "$HISTORY" "$at" | wc -l) || exit 1
    now=$(show keys "$HISTORY" | wc -l) || exit 1
    echo
    echo "Files there when the size was $at: $then"
    echo "Files there now, with size $size: $now"
    [ "$then" -eq "$(live_at "$at")" ] ||
        die 'at and replay disagree on the number of files'
    [ "$now" -eq "$(live_at "$size")" ] ||
        die 'keys and replay disagree on the number of files'
}

# ---- more questions ---------------------------------------------------------

# Keys by a prefix, and by an expression; entries by when they were appended.
selected() {
    show query --meta --prefix "${file%/*}" --reverse --count 4 "$HISTORY" \
        >"$WORK/selected"
    pretty "$WORK/selected"
    echo
    found=$(show query --latest --live --expr '**/README.md' "$HISTORY" |
        wc -l) || exit 1
    echo "Files of that name: $found"
    found=$(show query --since '1 hour ago' "$HISTORY" | wc -l) || exit 1
    echo "Entries since then: $found"
    [ "$found" -eq "$size" ] || die "there should be $size"
}

# A reader that is stopped after some lines, and goes on behind them.
followed() {
    half=$((size / 2))
    show follow --mark reader --first 0 --count "$half" "$HISTORY" \
        2>/dev/null >"$WORK/followed"
    show mark "$HISTORY"
    show follow --mark reader --limit "$size" "$HISTORY" >>"$WORK/followed"
    awk -F '\t' '$1 != NR - 1 { exit 1 }' "$WORK/followed" ||
        die 'a follower has missed an entry'
    echo "Entries followed, each once: $(wc -l <"$WORK/followed")"
}

# What is left when of each file only its latest change is kept.
compacted() {
    cp -r "$HISTORY" "$WORK/compact"
    show compact "$WORK/compact"
    left=$(stat_of "$WORK/compact" entries)
    [ "$left" -eq "$now" ] || die "$left entries for $now files"
}

# ---- a writer killed in mid-append ------------------------------------------

# Numbers must follow one another from 0 to the size, and each value must be
# the line that the writer was fed at that place.
check_lines() {
    "$JOURNAL" replay "$1" | awk -F '\t' -v size="$2" '
        $1 != NR - 1 || $6 != "line " NR { print "at " NR - 1; exit 1 }
        END { if (NR != size) { print NR " of " size; exit 1 } }'
}

kill_writer() {
    killed=$WORK/killed
    : >"$WORK/acknowledged"
    echo '$ endless input | journal append --lines killed key &'
    seq -f 'line %.0f' 1 1000000000 2>/dev/null |
        "$JOURNAL" append --lines "$killed" key >"$WORK/acknowledged" &
    WRITER=$!
    tries=0
    while [ "$(wc -l <"$WORK/acknowledged")" -lt 200 ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || die 'the writer does not get on'
        kill -0 "$WRITER" 2>/dev/null || die 'the writer has ended by itself'
        sleep 0.1
    done
    kill -9 "$WRITER"
    wait "$WRITER" 2>/dev/null
    [ $? -eq 137 ] || die 'the writer was not killed'
    echo "\$ kill -9 $WRITER"
    WRITER=
}

after_the_kill() {
    last=$(tail -n 1 "$WORK/acknowledged")
    size=$(stat_of "$killed" size)
    echo
    echo "Last number acknowledged: $last, so $((last + 1)) entries." \
        "In the journal: $size."
    [ "$size" -gt "$last" ] || die "entry $last was acknowledged and is lost"
    lines=$(wc -l <"$WORK/acknowledged")
    [ "$lines" -eq $((last + 1)) ] || die "$lines numbers up to $last"
    found=$(check_lines "$killed" "$size") || die "gap or wrong value: $found"
    echo "Replayed: no gap, every value as it was written."
    echo
    next=$(show append "$killed" key "line $((size + 1))") || exit 1
    echo "$next"
    [ "$next" -eq "$size" ] || die "the next entry got $next, not $size"
    found=$(check_lines "$killed" $((size + 1))) ||
        die "gap or wrong value: $found"
}

# ---- figures ----------------------------------------------------------------

# timed COMMAND...: sets $ns to how long it took.
timed() {
    begun=$(date +%s%N)
    "$@" || die "$* ended with $?"
    ns=$(($(date +%s%N) - begun))
}

# figure LABEL COUNT UNIT: per second of $ns.
figure() {
    awk -v label="$1" -v count="$2" -v unit="$3" -v ns="$ns" 'BEGIN {
        rate = count / ns * 1e9
        text = rate < 10000 ? sprintf("%.0f", rate) : \
            sprintf("%.0f thousand", rate / 1000)
        printf "%-44s %14s %s\n", label, text, unit
    }'
}

from_file() {
    file=$1
    shift
    "$JOURNAL" "$@" <"$file"
}

replay_to_nowhere() {
    "$JOURNAL" replay "$1" >/dev/null
}

figures() {
    value=$(printf '%0100d' 0)
    seq -f "key-%08.0f$TAB$value" 200000 >"$WORK/many"
    head -n 1000 "$WORK/many" >"$WORK/few"
    timed from_file "$WORK/few" append -q --tab "$WORK/single"
    figure 'appends, each durable before the next' 1000 entries/s
    timed from_file "$WORK/many" append -q --tab --batch 1000 "$WORK/batch"
    figure 'appends, 1000 to a durable batch' 200000 entries/s
    timed replay_to_nowhere "$WORK/batch"
    figure 'replay, printed as text' 200000 entries/s
    awk -v used="$(stat_of "$WORK/batch" bytes_used)" \
        -v data="$(stat_of "$WORK/batch" bytes_logical)" 'BEGIN {
        printf "%-44s %14.0f bytes\n%-44s %14.0f bytes\n",
            "room on disk for one of these entries", used / 200000,
            "of which are key and value", data / 200000
    }'
    echo
    echo "One process, reading its input and starting up included; keys of 12"
    echo "bytes, all different, values of 100; on a file system of type" \
        "$(stat -f -c %T "$WORK")."
}

# ---- all of it --------------------------------------------------------------

HISTORY=$WORK/history

heading 'A history, journaled'
make_history
load
heading 'The newest changes'
newest
heading 'The history of one file'
one_file
heading 'The state as of an earlier number'
earlier
heading 'By key, and by time'
selected
heading 'A reader that goes on where it stopped'
followed
heading 'Only the latest of each file'
compacted
heading 'A writer killed in mid-append'
kill_writer
after_the_kill
heading 'Measured just now'
figures
