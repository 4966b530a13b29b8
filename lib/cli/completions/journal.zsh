#compdef journal
# journal.zsh - completions of the journal command for zsh.
#
# Written by lib/cli/completions/generate.sh: change that.

# The journal is the first word behind the command that is a directory.
_journal_path() {
    local word
    for word in ${words[2,CURRENT-1]}; do
        [[ -d $word ]] && print -r -- $word && return
    done
}

_journal_keys() {
    local -a keys
    keys=(${(f)"$(journal keys -n 200 -p "$PREFIX" "$(_journal_path)" \
        2>/dev/null)"})
    compadd -a keys
}

_journal_marks() {
    local -a marks
    marks=(${(f)"$(journal marks "$(_journal_path)" 2>/dev/null | cut -f 1)"})
    compadd -a marks
}

_journal_commands() {
    local -a commands=(
        'append:add entries to the end'
        'get:print the latest value of a key, now or at an earlier size'
        'read:print the value of the entry numbered N'
        'at:print the state as of an earlier size or time'
        'keys:list the keys'
        'history:list the entries of one key'
        'replay:list entries, oldest first'
        'query:list the entries that match'
        'follow:list entries as they are appended'
        'mark:list, read, set or remove marks'
        'marks:list marks'
        'stat:print the journal'\''s figures'
        'prune:remove the oldest entries'
        'compact:keep only the latest entry of each key'
        'rewind:drop the newest entries'
        'verify:look for damage, and say what to do'
        'backup:make a journal of all that is in another'
        'salvage:make a journal of what can be read of a damaged one'
        'export:print all of a journal as JSON lines'
        'import:take JSON lines into a journal'
        'bench:measure what a journal can do on a disk'
        'help:tell more about a command'
    )
    _describe command commands
}

_journal_command() {
    case $1 in
    append)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '(-k --key)'{-k,--key}'[the key, instead of the operand]:KEY: ' \
            '--no-key[an entry may be without a key]' \
            '(-m --meta)'{-m,--meta}'[bytes kept beside the value]:META: ' \
            '--delete[a tombstone\: deletes KEY, has no value]' \
            '--expect[only if the key'\''s latest entry is N; none\: only if the key is not known]:N: ' \
            '--expect-seq[only if the entry gets number N]:N: ' \
            '--stamp[with a stamp\: a number, and up to 16 bytes in hexadecimal; older than the one in force for the key, it is refused]:T\[\:ID\]: ' \
            '--existing[don'\''t make a journal]' \
            '--relaxed[print numbers before they are durable, which all are when the command ends\: faster]' \
            '(-q --quiet)'{-q,--quiet}'[don'\''t print numbers]' \
            '--json[print numbers as JSON objects]' \
            '--keep-entries[so many entries]:N: ' \
            '--keep-bytes[bytes of keys, metas and values\: 10M, 2G]:SIZE: ' \
            '--keep-time[entries of so long\: 30d, "2 weeks"]:SPAN: ' \
            '--lines[each line is a value]' \
            '--tab[each line is a key, a tab and a value]' \
            '--columns[each line has these columns, tabs between them\: key, value, meta, op (+ for an entry, - for a tombstone); the last has the rest of the line]:LIST: ' \
            '--json-lines[each line is a JSON object, as '\''replay --json'\'' prints it\: key, value or tombstone, meta, stamp; key_b64, ... in base 64; and expect, expect_seq]' \
            '(-z --null)'{-z,--null}'[lines end in NUL instead]' \
            '--batch[append N lines together, all or none\: faster (default\: 1)]:N: ' \
            '1:PATH:_files -/' \
            '2:KEY:_journal_keys' \
            '3:VALUE: '
        ;;
    get)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--at[as it was when the journal had size N, right before entry N was appended]:N: ' \
            '(-v --verbose)'{-v,--verbose}'[number, time, key, ... in front of the value]' \
            '--json[the entry as a JSON object]' \
            '--immutable[nobody is writing\: take no locks]' \
            '1:PATH:_files -/' \
            '2:KEY:_journal_keys'
        ;;
    read)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '(-v --verbose)'{-v,--verbose}'[number, time, key, ... in front of the value]' \
            '--json[the entry as a JSON object]' \
            '--immutable[nobody is writing\: take no locks]' \
            '1:PATH:_files -/' \
            '2:N: '
        ;;
    at)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--time[right before the first entry that was appended at TIME or later; '\''journal help query'\'' tells how a TIME is written]:TIME: ' \
            '(-p --prefix)'{-p,--prefix}'[keys that begin so]:BYTES: ' \
            '(-e --expr)'{-e,--expr}'[keys that match a key expression]:EXPR: ' \
            '(-x --escaped)'{-x,--escaped}'[\\xNN in KEY, BYTES, EXPR is a byte, as printed]' \
            '(-r --reverse)'{-r,--reverse}'[last changed first]' \
            '(-n --count)'{-n,--count}'[at most N lines]:N: ' \
            '(-m --meta)'{-m,--meta}'[a column for the meta, before the value]' \
            '(-v --verbose)'{-v,--verbose}'[with KEY\: number, time, ... before the value]' \
            '--json[a JSON object on each line]' \
            '--immutable[nobody is writing\: take no locks]' \
            '1:PATH:_files -/' \
            '2:SIZE: ' \
            '3:KEY:_journal_keys'
        ;;
    keys)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--deleted[deleted keys too, with that word behind them]' \
            '(-p --prefix)'{-p,--prefix}'[keys that begin so]:BYTES: ' \
            '(-e --expr)'{-e,--expr}'[keys that match a key expression]:EXPR: ' \
            '(-x --escaped)'{-x,--escaped}'[\\xNN in BYTES, EXPR is a byte, as printed]' \
            '--since[last changed at or after TIME]:TIME: ' \
            '--until[last changed before TIME; '\''journal help query'\'' tells how a TIME is written]:TIME: ' \
            '--at[as it was when the journal had that size]:SIZE: ' \
            '(-r --reverse)'{-r,--reverse}'[newest first]' \
            '(-n --count)'{-n,--count}'[at most N keys]:N: ' \
            '--json[a JSON object on each line\: the key, and number, time, revision and size of its latest]' \
            '--immutable[nobody is writing\: take no locks]' \
            '1:PATH:_files -/'
        ;;
    history)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--first-revision[from that revision on]:N: ' \
            '--first[from entry N on]:N: ' \
            '--limit[up to entry N, without it]:N: ' \
            '--since[appended at or after TIME]:TIME: ' \
            '--until[appended before TIME; '\''journal help query'\'' tells how a TIME is written]:TIME: ' \
            '--live[no tombstones]' \
            '(-r --reverse)'{-r,--reverse}'[newest first]' \
            '(-n --count)'{-n,--count}'[at most N lines]:N: ' \
            '(-x --escaped)'{-x,--escaped}'[\\xNN in KEY is a byte, as printed]' \
            '(-m --meta)'{-m,--meta}'[a column for the meta, before the value]' \
            '--json[a JSON object on each line]' \
            '--immutable[nobody is writing\: take no locks]' \
            '1:PATH:_files -/' \
            '2:KEY:_journal_keys'
        ;;
    replay)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--first[from entry N on (default\: the oldest one); or --from N]:N: ' \
            '--last[from N entries before the end on]:N: ' \
            '--limit[up to entry N, without it]:N: ' \
            '(-n --count)'{-n,--count}'[at most N lines]:N: ' \
            '(-k --key)'{-k,--key}'[only the entries of KEY]:KEY: ' \
            '(-m --meta)'{-m,--meta}'[a column for the meta, before the value]' \
            '--json[a JSON object on each line]' \
            '--immutable[nobody is writing\: take no locks]' \
            '1:PATH:_files -/'
        ;;
    query)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '(-k --key)'{-k,--key}'[of this key]:KEY: ' \
            '(-p --prefix)'{-p,--prefix}'[of keys that begin so]:BYTES: ' \
            '(-e --expr)'{-e,--expr}'[of keys that match a key expression\: * is one chunk between slashes, ** any number of them, $* any part of one]:EXPR: ' \
            '(-x --escaped)'{-x,--escaped}'[\\xNN in KEY, BYTES, EXPR is a byte, as printed]' \
            '--first[from entry N on]:N: ' \
            '--limit[up to entry N, without it]:N: ' \
            '--since[appended at or after TIME]:TIME: ' \
            '--until[appended before TIME]:TIME: ' \
            '--first-revision[with --key\: from that revision on]:N: ' \
            '--latest[of each key, its latest entry (below the limit)]' \
            '--live[no tombstones]' \
            '(-r --reverse)'{-r,--reverse}'[newest first]' \
            '(-f --follow)'{-f,--follow}'[go on with what is appended later]' \
            '(-n --count)'{-n,--count}'[at most N lines]:N: ' \
            '(-m --meta)'{-m,--meta}'[a column for the meta, before the value]' \
            '--json[a JSON object on each line]' \
            '--immutable[nobody is writing\: take no locks]' \
            '1:PATH:_files -/'
        ;;
    follow)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--mark[go on where the mark NAME stands, and move it along behind what has been written; a new one is made where the following options say]:NAME: ' \
            '--first[begin with entry N]:N: ' \
            '--last[begin with the last N entries]:N: ' \
            '--since[begin with what was appended at TIME; '\''journal help query'\'' tells how a TIME is written]:TIME: ' \
            '--limit[end in front of entry N]:N: ' \
            '(-n --count)'{-n,--count}'[end after N lines]:N: ' \
            '(-k --key)'{-k,--key}'[only entries of this key]:KEY: ' \
            '(-p --prefix)'{-p,--prefix}'[of keys that begin so]:BYTES: ' \
            '(-e --expr)'{-e,--expr}'[of keys that match a key expression]:EXPR: ' \
            '(-x --escaped)'{-x,--escaped}'[\\xNN in KEY, BYTES, EXPR is a byte, as printed]' \
            '--live[no tombstones]' \
            '(-m --meta)'{-m,--meta}'[a column for the meta, before the value]' \
            '--json[a JSON object on each line]' \
            '1:PATH:_files -/'
        ;;
    mark)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '(-d --delete)'{-d,--delete}'[remove the mark]' \
            '--json[each mark as a JSON object on a line]' \
            '--immutable[nobody is writing\: take no locks]' \
            '1:PATH:_files -/' \
            '2:NAME:_journal_marks' \
            '3:N: '
        ;;
    marks)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '(-d --delete)'{-d,--delete}'[remove the mark]' \
            '--json[each mark as a JSON object on a line]' \
            '--immutable[nobody is writing\: take no locks]' \
            '1:PATH:_files -/' \
            '2:NAME:_journal_marks' \
            '3:N: '
        ;;
    stat)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--json[as a JSON object]' \
            '--immutable[nobody is writing\: take no locks]' \
            '1:PATH:_files -/'
        ;;
    prune)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--before[remove those below number N]:N: ' \
            '--keep[remove all but the newest N]:N: ' \
            '--until[remove what was appended before TIME, as "30 days ago"; see '\''journal help query'\'']:TIME: ' \
            '--past-marks[don'\''t stop at marks]' \
            '--dry-run[only print how many it would be]' \
            '--json[print how many as a JSON object]' \
            '(-q --quiet)'{-q,--quiet}'[don'\''t print how many]' \
            '1:PATH:_files -/'
        ;;
    compact)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--before[leave the entries from number N on alone]:N: ' \
            '--until[leave what was appended at TIME or later alone; '\''journal help query'\'' tells how it is written]:TIME: ' \
            '--past-marks[don'\''t stop at marks]' \
            '--json[the figures as a JSON object]' \
            '(-q --quiet)'{-q,--quiet}'[don'\''t print them]' \
            '1:PATH:_files -/'
        ;;
    rewind)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '(-y --yes)'{-y,--yes}'[don'\''t ask]' \
            '--dry-run[only print how many it would be]' \
            '--json[print how many as a JSON object]' \
            '(-q --quiet)'{-q,--quiet}'[don'\''t print how many]' \
            '1:PATH:_files -/' \
            '2:SIZE: '
        ;;
    verify)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--json[print a JSON object]' \
            '--immutable[nobody is writing\: take no locks]' \
            '(-q --quiet)'{-q,--quiet}'[print nothing\: the exit code tells]' \
            '1:PATH:_files -/'
        ;;
    backup)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--immutable[nobody is writing\: take no locks]' \
            '--json[the figures of the backup as a JSON object]' \
            '(-q --quiet)'{-q,--quiet}'[don'\''t print them]' \
            '1:PATH:_files -/' \
            '2:TO:_files -/'
        ;;
    salvage)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--json[the figures as a JSON object]' \
            '(-q --quiet)'{-q,--quiet}'[don'\''t print them]' \
            '1:FROM:_files -/' \
            '2:TO:_files -/'
        ;;
    export)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--first[from entry N on]:N: ' \
            '--limit[up to entry N, without it, and no marks]:N: ' \
            '--plain[not the history, but keys and their values\: {"key_b64"\:...,"value_b64"\:...} on each line]' \
            '(-p --prefix)'{-p,--prefix}'[with --plain\: keys that begin so]:BYTES: ' \
            '(-e --expr)'{-e,--expr}'[with --plain\: keys that match a key expression]:EXPR: ' \
            '(-x --escaped)'{-x,--escaped}'[\\xNN in BYTES, EXPR is a byte, as printed]' \
            '--immutable[nobody is writing\: take no locks]' \
            '1:PATH:_files -/'
        ;;
    import)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '--renumber[give the entries new numbers, without gaps; no marks]' \
            '--fill[where numbers are missing, put empty entries without a key; `journal compact` removes them]' \
            '--append[also to a journal that has entries, if lines have no numbers or get new ones]' \
            '--batch[lines in a commit (default\: 1000)]:N: ' \
            '--json[print the figures as a JSON object]' \
            '(-q --quiet)'{-q,--quiet}'[don'\''t print them]' \
            '1:PATH:_files -/' \
            '2:FILE:_files'
        ;;
    bench)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '(-v --value)'{-v,--value}'[bytes in a value, as 100 or 4K (default\: 100)]:SIZE: ' \
            '--threads[of the case that has several (default\: 8)]:N: ' \
            '--time[for each case (default\: 1s)]:SPAN: ' \
            '--json[a JSON object on each line]' \
            '1:DIRECTORY:_files -/'
        ;;
    help)
        _arguments -s -S '(- *)--help[tell how it is used]' \
            '1:COMMAND:_journal_commands'
        ;;
    esac
}

_journal() {
    local curcontext=$curcontext state
    _arguments -C '(- *)--help[list the commands]' \
        '(- *)--version[tell which version]' '1: :_journal_commands' \
        '*:: :->rest'
    [[ $state != rest ]] || _journal_command $words[1]
}

if [[ $funcstack[1] == _journal ]]; then
    _journal "$@"
else
    compdef _journal journal
fi
