# journal.bash - completions of the journal command for bash.
#
# Written by lib/cli/completions/generate.sh: change that.

_journal_commands="append get read at keys history replay query follow mark marks stat prune compact rewind verify backup salvage export import bench help"

_journal_options()
{
    case $1 in
    append)
        echo "--key --no-key --meta --delete --expect --expect-seq --stamp --existing --relaxed --quiet --json --keep-entries --keep-bytes --keep-time --lines --tab --columns --json-lines --null --batch" ;;
    get)
        echo "--at --verbose --json --immutable" ;;
    read)
        echo "--verbose --json --immutable" ;;
    at)
        echo "--time --prefix --expr --escaped --reverse --count --meta --verbose --json --immutable" ;;
    keys)
        echo "--deleted --prefix --expr --escaped --since --until --at --reverse --count --json --immutable" ;;
    history)
        echo "--first-revision --first --limit --since --until --live --reverse --count --escaped --meta --json --immutable" ;;
    replay)
        echo "--first --last --limit --count --key --meta --json --immutable" ;;
    query)
        echo "--key --prefix --expr --escaped --first --limit --since --until --first-revision --latest --live --reverse --follow --count --meta --json --immutable" ;;
    follow)
        echo "--mark --first --last --since --limit --count --key --prefix --expr --escaped --live --meta --json" ;;
    mark)
        echo "--delete --json --immutable" ;;
    marks)
        echo "--delete --json --immutable" ;;
    stat)
        echo "--json --immutable" ;;
    prune)
        echo "--before --keep --until --past-marks --dry-run --json --quiet" ;;
    compact)
        echo "--before --until --past-marks --json --quiet" ;;
    rewind)
        echo "--yes --dry-run --json --quiet" ;;
    verify)
        echo "--json --immutable --quiet" ;;
    backup)
        echo "--immutable --json --quiet" ;;
    salvage)
        echo "--json --quiet" ;;
    export)
        echo "--first --limit --plain --prefix --expr --escaped --immutable" ;;
    import)
        echo "--renumber --fill --append --batch --json --quiet" ;;
    bench)
        echo "--value --threads --time --json" ;;
    esac
}

_journal_with_argument()
{
    case $1 in
    append)
        echo "-k --key -m --meta --expect --expect-seq --stamp --keep-entries --keep-bytes --keep-time --columns --batch" ;;
    get)
        echo "--at" ;;
    at)
        echo "--time -p --prefix -e --expr -n --count" ;;
    keys)
        echo "-p --prefix -e --expr --since --until --at -n --count" ;;
    history)
        echo "--first-revision --first --limit --since --until -n --count" ;;
    replay)
        echo "--first --last --limit -n --count -k --key" ;;
    query)
        echo "-k --key -p --prefix -e --expr --first --limit --since --until --first-revision -n --count" ;;
    follow)
        echo "--mark --first --last --since --limit -n --count -k --key -p --prefix -e --expr" ;;
    prune)
        echo "--before --keep --until" ;;
    compact)
        echo "--before --until" ;;
    export)
        echo "--first --limit -p --prefix -e --expr" ;;
    import)
        echo "--batch" ;;
    bench)
        echo "-v --value --threads --time" ;;
    esac
}

_journal_operands()
{
    case $1 in
    append)
        echo "PATH KEY VALUE" ;;
    get)
        echo "PATH KEY" ;;
    read)
        echo "PATH N" ;;
    at)
        echo "PATH SIZE KEY" ;;
    keys)
        echo "PATH" ;;
    history)
        echo "PATH KEY" ;;
    replay)
        echo "PATH" ;;
    query)
        echo "PATH" ;;
    follow)
        echo "PATH" ;;
    mark)
        echo "PATH NAME N" ;;
    marks)
        echo "PATH NAME N" ;;
    stat)
        echo "PATH" ;;
    prune)
        echo "PATH" ;;
    compact)
        echo "PATH" ;;
    rewind)
        echo "PATH SIZE" ;;
    verify)
        echo "PATH" ;;
    backup)
        echo "PATH TO" ;;
    salvage)
        echo "FROM TO" ;;
    export)
        echo "PATH" ;;
    import)
        echo "PATH FILE" ;;
    bench)
        echo "DIRECTORY" ;;
    help)
        echo "COMMAND" ;;
    esac
}

_journal_is_in()
{
    case " $2 " in
    *" $1 "*) return 0 ;;
    esac
    return 1
}

# Sets operands to those in front of the word that is being completed.
_journal_find_operands()
{
    local command=$1 with i word
    with=$(_journal_with_argument "$command")
    operands=()
    for ((i = 2; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if _journal_is_in "$word" "$with"; then
            ((i++))
        elif [[ $word != -?* ]]; then
            operands+=("$word")
        fi
    done
}

# Keys and names with blanks or backslashes are left to the reader.
_journal_words()
{
    local line
    while IFS= read -r line; do
        [[ $line == *[\\\ \'\"]* || $line != "$cur"* ]] || COMPREPLY+=("$line")
    done
}

_journal_operand()
{
    case $1 in
    PATH | FROM | TO | DIRECTORY)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    FILE)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    KEY)
        _journal_words < <(journal keys -n 200 -p "$cur" "${operands[0]}" \
            2>/dev/null) ;;
    NAME)
        _journal_words < <(journal marks "${operands[0]}" 2>/dev/null |
            cut -f 1) ;;
    COMMAND)
        mapfile -t COMPREPLY < <(compgen -W "$_journal_commands" -- "$cur") ;;
    esac
}

_journal()
{
    local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
    local operands=() kinds=()
    COMPREPLY=()
    if [[ $COMP_CWORD -eq 1 ]]; then
        mapfile -t COMPREPLY < <(compgen -W \
            "$_journal_commands --help --version" -- "$cur")
        return
    fi
    if _journal_is_in "${COMP_WORDS[COMP_CWORD - 1]}" \
        "$(_journal_with_argument "$command")"; then
        return
    fi
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W \
            "$(_journal_options "$command") --help" -- "$cur")
        return
    fi
    _journal_find_operands "$command"
    read -ra kinds <<<"$(_journal_operands "$command")"
    _journal_operand "${kinds[${#operands[@]}]:-}"
}

complete -F _journal journal
