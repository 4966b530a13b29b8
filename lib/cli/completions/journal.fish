# journal.fish - completions of the journal command for fish.
#
# Written by lib/cli/completions/generate.sh: change that.

# The words in front of that which is being completed, without options and what
# belongs to them.
function __journal_words
    set -l words (commandline -opc)
    set -l skip 0
    for word in $words[2..-1]
        if test $skip -eq 1
            set skip 0
        else if not string match -q -- '-*' $word
            echo $word
        else if contains -- $word (__journal_with_argument $words[2])
            set skip 1
        end
    end
end

function __journal_count
    count (__journal_words)
end

function __journal_is
    set -l words (__journal_words)
    test (count $words) -gt 0; and test $words[1] = $argv[1]
end

# Whether the operand number $argv[2] of the command $argv[1] is to come.
function __journal_at
    __journal_is $argv[1]; and test (__journal_count) -eq $argv[2]
end

function __journal_keys
    set -l words (__journal_words)
    journal keys -n 200 -p (commandline -ct) $words[2] 2>/dev/null
end

function __journal_marks
    set -l words (__journal_words)
    journal marks $words[2] 2>/dev/null | string replace -r '\t.*' ''
end

complete -c journal -f
complete -c journal -n 'test (__journal_count) -eq 0' -l help \
    -d 'list the commands'
complete -c journal -n 'test (__journal_count) -eq 0' -l version \
    -d 'tell which version'

complete -c journal -n 'test (__journal_count) -eq 0' -a append -d 'add entries to the end'
complete -c journal -n '__journal_at append 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_at append 2' -a '(__journal_keys)'
complete -c journal -n '__journal_is append' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is append' -s k -l key -x -d 'the key, instead of the operand'
complete -c journal -n '__journal_is append' -l no-key -d 'an entry may be without a key'
complete -c journal -n '__journal_is append' -s m -l meta -x -d 'bytes kept beside the value'
complete -c journal -n '__journal_is append' -l delete -d 'a tombstone: deletes KEY, has no value'
complete -c journal -n '__journal_is append' -l expect -x -d 'only if the key\'s latest entry is N; none: only if the key is not known'
complete -c journal -n '__journal_is append' -l expect-seq -x -d 'only if the entry gets number N'
complete -c journal -n '__journal_is append' -l stamp -x -d 'with a stamp: a number, and up to 16 bytes in hexadecimal; older than the one in force for the key, it is refused'
complete -c journal -n '__journal_is append' -l existing -d 'don\'t make a journal'
complete -c journal -n '__journal_is append' -l relaxed -d 'print numbers before they are durable, which all are when the command ends: faster'
complete -c journal -n '__journal_is append' -s q -l quiet -d 'don\'t print numbers'
complete -c journal -n '__journal_is append' -l json -d 'print numbers as JSON objects'
complete -c journal -n '__journal_is append' -l keep-entries -x -d 'so many entries'
complete -c journal -n '__journal_is append' -l keep-bytes -x -d 'bytes of keys, metas and values: 10M, 2G'
complete -c journal -n '__journal_is append' -l keep-time -x -d 'entries of so long: 30d, "2 weeks"'
complete -c journal -n '__journal_is append' -l lines -d 'each line is a value'
complete -c journal -n '__journal_is append' -l tab -d 'each line is a key, a tab and a value'
complete -c journal -n '__journal_is append' -l columns -x -d 'each line has these columns, tabs between them: key, value, meta, op (+ for an entry, - for a tombstone); the last has the rest of the line'
complete -c journal -n '__journal_is append' -l json-lines -d 'each line is a JSON object, as \'replay --json\' prints it: key, value or tombstone, meta, stamp; key_b64, ... in base 64; and expect, expect_seq'
complete -c journal -n '__journal_is append' -s z -l null -d 'lines end in NUL instead'
complete -c journal -n '__journal_is append' -l batch -x -d 'append N lines together, all or none: faster (default: 1)'

complete -c journal -n 'test (__journal_count) -eq 0' -a get -d 'print the latest value of a key, now or at an earlier size'
complete -c journal -n '__journal_at get 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_at get 2' -a '(__journal_keys)'
complete -c journal -n '__journal_is get' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is get' -l at -x -d 'as it was when the journal had size N, right before entry N was appended'
complete -c journal -n '__journal_is get' -s v -l verbose -d 'number, time, key, ... in front of the value'
complete -c journal -n '__journal_is get' -l json -d 'the entry as a JSON object'
complete -c journal -n '__journal_is get' -l immutable -d 'nobody is writing: take no locks'

complete -c journal -n 'test (__journal_count) -eq 0' -a read -d 'print the value of the entry numbered N'
complete -c journal -n '__journal_at read 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is read' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is read' -s v -l verbose -d 'number, time, key, ... in front of the value'
complete -c journal -n '__journal_is read' -l json -d 'the entry as a JSON object'
complete -c journal -n '__journal_is read' -l immutable -d 'nobody is writing: take no locks'

complete -c journal -n 'test (__journal_count) -eq 0' -a at -d 'print the state as of an earlier size or time'
complete -c journal -n '__journal_at at 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_at at 3' -a '(__journal_keys)'
complete -c journal -n '__journal_is at' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is at' -l time -x -d 'right before the first entry that was appended at TIME or later; \'journal help query\' tells how a TIME is written'
complete -c journal -n '__journal_is at' -s p -l prefix -x -d 'keys that begin so'
complete -c journal -n '__journal_is at' -s e -l expr -x -d 'keys that match a key expression'
complete -c journal -n '__journal_is at' -s x -l escaped -d '\\xNN in KEY, BYTES, EXPR is a byte, as printed'
complete -c journal -n '__journal_is at' -s r -l reverse -d 'last changed first'
complete -c journal -n '__journal_is at' -s n -l count -x -d 'at most N lines'
complete -c journal -n '__journal_is at' -s m -l meta -d 'a column for the meta, before the value'
complete -c journal -n '__journal_is at' -s v -l verbose -d 'with KEY: number, time, ... before the value'
complete -c journal -n '__journal_is at' -l json -d 'a JSON object on each line'
complete -c journal -n '__journal_is at' -l immutable -d 'nobody is writing: take no locks'

complete -c journal -n 'test (__journal_count) -eq 0' -a keys -d 'list the keys'
complete -c journal -n '__journal_at keys 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is keys' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is keys' -l deleted -d 'deleted keys too, with that word behind them'
complete -c journal -n '__journal_is keys' -s p -l prefix -x -d 'keys that begin so'
complete -c journal -n '__journal_is keys' -s e -l expr -x -d 'keys that match a key expression'
complete -c journal -n '__journal_is keys' -s x -l escaped -d '\\xNN in BYTES, EXPR is a byte, as printed'
complete -c journal -n '__journal_is keys' -l since -x -d 'last changed at or after TIME'
complete -c journal -n '__journal_is keys' -l until -x -d 'last changed before TIME; \'journal help query\' tells how a TIME is written'
complete -c journal -n '__journal_is keys' -l at -x -d 'as it was when the journal had that size'
complete -c journal -n '__journal_is keys' -s r -l reverse -d 'newest first'
complete -c journal -n '__journal_is keys' -s n -l count -x -d 'at most N keys'
complete -c journal -n '__journal_is keys' -l json -d 'a JSON object on each line: the key, and number, time, revision and size of its latest'
complete -c journal -n '__journal_is keys' -l immutable -d 'nobody is writing: take no locks'

complete -c journal -n 'test (__journal_count) -eq 0' -a history -d 'list the entries of one key'
complete -c journal -n '__journal_at history 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_at history 2' -a '(__journal_keys)'
complete -c journal -n '__journal_is history' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is history' -l first-revision -x -d 'from that revision on'
complete -c journal -n '__journal_is history' -l first -x -d 'from entry N on'
complete -c journal -n '__journal_is history' -l limit -x -d 'up to entry N, without it'
complete -c journal -n '__journal_is history' -l since -x -d 'appended at or after TIME'
complete -c journal -n '__journal_is history' -l until -x -d 'appended before TIME; \'journal help query\' tells how a TIME is written'
complete -c journal -n '__journal_is history' -l live -d 'no tombstones'
complete -c journal -n '__journal_is history' -s r -l reverse -d 'newest first'
complete -c journal -n '__journal_is history' -s n -l count -x -d 'at most N lines'
complete -c journal -n '__journal_is history' -s x -l escaped -d '\\xNN in KEY is a byte, as printed'
complete -c journal -n '__journal_is history' -s m -l meta -d 'a column for the meta, before the value'
complete -c journal -n '__journal_is history' -l json -d 'a JSON object on each line'
complete -c journal -n '__journal_is history' -l immutable -d 'nobody is writing: take no locks'

complete -c journal -n 'test (__journal_count) -eq 0' -a replay -d 'list entries, oldest first'
complete -c journal -n '__journal_at replay 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is replay' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is replay' -l first -x -d 'from entry N on (default: the oldest one); or --from N'
complete -c journal -n '__journal_is replay' -l last -x -d 'from N entries before the end on'
complete -c journal -n '__journal_is replay' -l limit -x -d 'up to entry N, without it'
complete -c journal -n '__journal_is replay' -s n -l count -x -d 'at most N lines'
complete -c journal -n '__journal_is replay' -s k -l key -x -d 'only the entries of KEY'
complete -c journal -n '__journal_is replay' -s m -l meta -d 'a column for the meta, before the value'
complete -c journal -n '__journal_is replay' -l json -d 'a JSON object on each line'
complete -c journal -n '__journal_is replay' -l immutable -d 'nobody is writing: take no locks'

complete -c journal -n 'test (__journal_count) -eq 0' -a query -d 'list the entries that match'
complete -c journal -n '__journal_at query 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is query' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is query' -s k -l key -x -d 'of this key'
complete -c journal -n '__journal_is query' -s p -l prefix -x -d 'of keys that begin so'
complete -c journal -n '__journal_is query' -s e -l expr -x -d 'of keys that match a key expression: * is one chunk between slashes, ** any number of them, $* any part of one'
complete -c journal -n '__journal_is query' -s x -l escaped -d '\\xNN in KEY, BYTES, EXPR is a byte, as printed'
complete -c journal -n '__journal_is query' -l first -x -d 'from entry N on'
complete -c journal -n '__journal_is query' -l limit -x -d 'up to entry N, without it'
complete -c journal -n '__journal_is query' -l since -x -d 'appended at or after TIME'
complete -c journal -n '__journal_is query' -l until -x -d 'appended before TIME'
complete -c journal -n '__journal_is query' -l first-revision -x -d 'with --key: from that revision on'
complete -c journal -n '__journal_is query' -l latest -d 'of each key, its latest entry (below the limit)'
complete -c journal -n '__journal_is query' -l live -d 'no tombstones'
complete -c journal -n '__journal_is query' -s r -l reverse -d 'newest first'
complete -c journal -n '__journal_is query' -s f -l follow -d 'go on with what is appended later'
complete -c journal -n '__journal_is query' -s n -l count -x -d 'at most N lines'
complete -c journal -n '__journal_is query' -s m -l meta -d 'a column for the meta, before the value'
complete -c journal -n '__journal_is query' -l json -d 'a JSON object on each line'
complete -c journal -n '__journal_is query' -l immutable -d 'nobody is writing: take no locks'

complete -c journal -n 'test (__journal_count) -eq 0' -a follow -d 'list entries as they are appended'
complete -c journal -n '__journal_at follow 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is follow' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is follow' -l mark -x -d 'go on where the mark NAME stands, and move it along behind what has been written; a new one is made where the following options say'
complete -c journal -n '__journal_is follow' -l first -x -d 'begin with entry N'
complete -c journal -n '__journal_is follow' -l last -x -d 'begin with the last N entries'
complete -c journal -n '__journal_is follow' -l since -x -d 'begin with what was appended at TIME; \'journal help query\' tells how a TIME is written'
complete -c journal -n '__journal_is follow' -l limit -x -d 'end in front of entry N'
complete -c journal -n '__journal_is follow' -s n -l count -x -d 'end after N lines'
complete -c journal -n '__journal_is follow' -s k -l key -x -d 'only entries of this key'
complete -c journal -n '__journal_is follow' -s p -l prefix -x -d 'of keys that begin so'
complete -c journal -n '__journal_is follow' -s e -l expr -x -d 'of keys that match a key expression'
complete -c journal -n '__journal_is follow' -s x -l escaped -d '\\xNN in KEY, BYTES, EXPR is a byte, as printed'
complete -c journal -n '__journal_is follow' -l live -d 'no tombstones'
complete -c journal -n '__journal_is follow' -s m -l meta -d 'a column for the meta, before the value'
complete -c journal -n '__journal_is follow' -l json -d 'a JSON object on each line'

complete -c journal -n 'test (__journal_count) -eq 0' -a mark -d 'list, read, set or remove marks'
complete -c journal -n '__journal_at mark 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_at mark 2' -a '(__journal_marks)'
complete -c journal -n '__journal_is mark' -l help -d 'tell how it is used'

complete -c journal -n 'test (__journal_count) -eq 0' -a marks -d 'list marks'
complete -c journal -n '__journal_at marks 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_at marks 2' -a '(__journal_marks)'
complete -c journal -n '__journal_is marks' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is mark' -s d -l delete -d 'remove the mark'
complete -c journal -n '__journal_is marks' -s d -l delete -d 'remove the mark'
complete -c journal -n '__journal_is mark' -l json -d 'each mark as a JSON object on a line'
complete -c journal -n '__journal_is marks' -l json -d 'each mark as a JSON object on a line'
complete -c journal -n '__journal_is mark' -l immutable -d 'nobody is writing: take no locks'
complete -c journal -n '__journal_is marks' -l immutable -d 'nobody is writing: take no locks'

complete -c journal -n 'test (__journal_count) -eq 0' -a stat -d 'print the journal\'s figures'
complete -c journal -n '__journal_at stat 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is stat' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is stat' -l json -d 'as a JSON object'
complete -c journal -n '__journal_is stat' -l immutable -d 'nobody is writing: take no locks'

complete -c journal -n 'test (__journal_count) -eq 0' -a prune -d 'remove the oldest entries'
complete -c journal -n '__journal_at prune 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is prune' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is prune' -l before -x -d 'remove those below number N'
complete -c journal -n '__journal_is prune' -l keep -x -d 'remove all but the newest N'
complete -c journal -n '__journal_is prune' -l until -x -d 'remove what was appended before TIME, as "30 days ago"; see \'journal help query\''
complete -c journal -n '__journal_is prune' -l past-marks -d 'don\'t stop at marks'
complete -c journal -n '__journal_is prune' -l dry-run -d 'only print how many it would be'
complete -c journal -n '__journal_is prune' -l json -d 'print how many as a JSON object'
complete -c journal -n '__journal_is prune' -s q -l quiet -d 'don\'t print how many'

complete -c journal -n 'test (__journal_count) -eq 0' -a compact -d 'keep only the latest entry of each key'
complete -c journal -n '__journal_at compact 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is compact' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is compact' -l before -x -d 'leave the entries from number N on alone'
complete -c journal -n '__journal_is compact' -l until -x -d 'leave what was appended at TIME or later alone; \'journal help query\' tells how it is written'
complete -c journal -n '__journal_is compact' -l past-marks -d 'don\'t stop at marks'
complete -c journal -n '__journal_is compact' -l json -d 'the figures as a JSON object'
complete -c journal -n '__journal_is compact' -s q -l quiet -d 'don\'t print them'

complete -c journal -n 'test (__journal_count) -eq 0' -a rewind -d 'drop the newest entries'
complete -c journal -n '__journal_at rewind 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is rewind' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is rewind' -s y -l yes -d 'don\'t ask'
complete -c journal -n '__journal_is rewind' -l dry-run -d 'only print how many it would be'
complete -c journal -n '__journal_is rewind' -l json -d 'print how many as a JSON object'
complete -c journal -n '__journal_is rewind' -s q -l quiet -d 'don\'t print how many'

complete -c journal -n 'test (__journal_count) -eq 0' -a verify -d 'look for damage, and say what to do'
complete -c journal -n '__journal_at verify 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is verify' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is verify' -l json -d 'print a JSON object'
complete -c journal -n '__journal_is verify' -l immutable -d 'nobody is writing: take no locks'
complete -c journal -n '__journal_is verify' -s q -l quiet -d 'print nothing: the exit code tells'

complete -c journal -n 'test (__journal_count) -eq 0' -a backup -d 'make a journal of all that is in another'
complete -c journal -n '__journal_at backup 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_at backup 2' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is backup' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is backup' -l immutable -d 'nobody is writing: take no locks'
complete -c journal -n '__journal_is backup' -l json -d 'the figures of the backup as a JSON object'
complete -c journal -n '__journal_is backup' -s q -l quiet -d 'don\'t print them'

complete -c journal -n 'test (__journal_count) -eq 0' -a salvage -d 'make a journal of what can be read of a damaged one'
complete -c journal -n '__journal_at salvage 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_at salvage 2' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is salvage' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is salvage' -l json -d 'the figures as a JSON object'
complete -c journal -n '__journal_is salvage' -s q -l quiet -d 'don\'t print them'

complete -c journal -n 'test (__journal_count) -eq 0' -a export -d 'print all of a journal as JSON lines'
complete -c journal -n '__journal_at export 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is export' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is export' -l first -x -d 'from entry N on'
complete -c journal -n '__journal_is export' -l limit -x -d 'up to entry N, without it, and no marks'
complete -c journal -n '__journal_is export' -l plain -d 'not the history, but keys and their values: {"key_b64":...,"value_b64":...} on each line'
complete -c journal -n '__journal_is export' -s p -l prefix -x -d 'with --plain: keys that begin so'
complete -c journal -n '__journal_is export' -s e -l expr -x -d 'with --plain: keys that match a key expression'
complete -c journal -n '__journal_is export' -s x -l escaped -d '\\xNN in BYTES, EXPR is a byte, as printed'
complete -c journal -n '__journal_is export' -l immutable -d 'nobody is writing: take no locks'

complete -c journal -n 'test (__journal_count) -eq 0' -a import -d 'take JSON lines into a journal'
complete -c journal -n '__journal_at import 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_at import 2' -a '(__fish_complete_path)'
complete -c journal -n '__journal_is import' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is import' -l renumber -d 'give the entries new numbers, without gaps; no marks'
complete -c journal -n '__journal_is import' -l fill -d 'where numbers are missing, put empty entries without a key; `journal compact` removes them'
complete -c journal -n '__journal_is import' -l append -d 'also to a journal that has entries, if lines have no numbers or get new ones'
complete -c journal -n '__journal_is import' -l batch -x -d 'lines in a commit (default: 1000)'
complete -c journal -n '__journal_is import' -l json -d 'print the figures as a JSON object'
complete -c journal -n '__journal_is import' -s q -l quiet -d 'don\'t print them'

complete -c journal -n 'test (__journal_count) -eq 0' -a bench -d 'measure what a journal can do on a disk'
complete -c journal -n '__journal_at bench 1' -a '(__fish_complete_directories)'
complete -c journal -n '__journal_is bench' -l help -d 'tell how it is used'
complete -c journal -n '__journal_is bench' -s v -l value -x -d 'bytes in a value, as 100 or 4K (default: 100)'
complete -c journal -n '__journal_is bench' -l threads -x -d 'of the case that has several (default: 8)'
complete -c journal -n '__journal_is bench' -l time -x -d 'for each case (default: 1s)'
complete -c journal -n '__journal_is bench' -l json -d 'a JSON object on each line'

complete -c journal -n 'test (__journal_count) -eq 0' -a help -d 'tell more about a command'
complete -c journal -n '__journal_is help' -l help -d 'tell how it is used'

complete -c journal -n '__journal_is help' -a 'append get read at keys history replay query follow mark marks stat prune compact rewind verify backup salvage export import bench help'

function __journal_with_argument
    switch $argv[1]
        case append
            string split ' ' -- '-k --key -m --meta --expect --expect-seq --stamp --keep-entries --keep-bytes --keep-time --columns --batch'
        case get
            string split ' ' -- '--at'
        case at
            string split ' ' -- '--time -p --prefix -e --expr -n --count'
        case keys
            string split ' ' -- '-p --prefix -e --expr --since --until --at -n --count'
        case history
            string split ' ' -- '--first-revision --first --limit --since --until -n --count'
        case replay
            string split ' ' -- '--first --last --limit -n --count -k --key'
        case query
            string split ' ' -- '-k --key -p --prefix -e --expr --first --limit --since --until --first-revision -n --count'
        case follow
            string split ' ' -- '--mark --first --last --since --limit -n --count -k --key -p --prefix -e --expr'
        case prune
            string split ' ' -- '--before --keep --until'
        case compact
            string split ' ' -- '--before --until'
        case export
            string split ' ' -- '--first --limit -p --prefix -e --expr'
        case import
            string split ' ' -- '--batch'
        case bench
            string split ' ' -- '-v --value --threads --time'
    end
end
