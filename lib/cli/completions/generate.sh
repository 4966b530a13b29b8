#!/bin/sh
# generate.sh - writes the completions for a shell, from what the command says.
#
#   JOURNAL=build/journal lib/cli/completions/generate.sh bash|zsh|fish
#
# What `journal help` prints comes from the tables by which the command reads
# its arguments.  `make completions` writes the files of this folder anew;
# test/cli/completion_test.sh fails where they are not what this writes.
set -u

JOURNAL=${JOURNAL:-build/journal}

# Lines with tabs between their columns:
#   command NAME SUMMARY OPERANDS
#   option COMMAND LETTER NAME ARGUMENT HELP
tables() {
    "$JOURNAL" help | sed -n 's/^  \([a-z]*\)  *\(.*[a-z].*\)/\1 \2/p' |
        while read -r name summary; do
            case $name in
            help) printf 'command\thelp\t%s\tCOMMAND\n' "$summary" ;;
            *) "$JOURNAL" help "$name" | options_of "$name" "$summary" ;;
            esac
        done
}

options_of() {
    awk -v name="$1" -v summary="$2" '
    NR == 1 {
        operands = ""
        for (i = 4; i <= NF; i++) {
            gsub(/[][]/, "", $i)
            if ($i != "OPTIONS")
                operands = operands (operands == "" ? "" : " ") $i
        }
        printf "command\t%s\t%s\t%s\n", name, summary, operands
        if (name == "mark")
            printf "command\tmarks\tlist marks\t%s\n", operands
    }
    function flush(    row) {
        if (option == "")
            return
        row = letter "\t" option "\t" argument "\t" line
        printf "option\t%s\t%s\n", name, row
        if (name == "mark")
            printf "option\tmarks\t%s\n", row
        option = ""
    }
    /^  (-.,|   ) --[a-z]/ {
        flush()
        letter = $1 ~ /^-.,$/ ? substr($1, 2, 1) : ""
        argument = ""
        line = $0
        sub(/^  (-.,|   ) --/, "", line)
        option = line
        sub(/[ ].*/, "", option)
        sub(/^[a-z-]+/, "", line)
        if (line ~ /^ [^ ]/) {
            argument = $(letter == "" ? 2 : 3)
            line = substr(line, length(argument) + 2)
        }
        sub(/^ +/, "", line)
        next
    }
    /^               / && option != "" {
        sub(/^ +/, " ")
        line = line $0
        next
    }
    { flush() }
    END { flush() }'
}

# ---- bash --------------------------------------------------------------------

bash_tables() {
    awk -F '\t' '
    $1 == "command" {
        commands = commands (commands == "" ? "" : " ") $2
        operands[$2] = $4
    }
    $1 == "option" {
        words = "--" $4
        if ($3 != "")
            words = "-" $3 " " words
        all[$2] = all[$2] " --" $4
        if ($5 != "")
            with[$2] = with[$2] " " words
    }
    function table(name, values,    i, list, count) {
        printf "\n%s()\n{\n    case $1 in\n", name
        count = split(commands, list, " ")
        for (i = 1; i <= count; i++)
            if (values[list[i]] != "") {
                sub(/^ /, "", values[list[i]])
                printf "    %s)\n        echo \"%s\" ;;\n", list[i], \
                    values[list[i]]
            }
        print "    esac\n}"
    }
    END {
        printf "_journal_commands=\"%s\"\n", commands
        table("_journal_options", all)
        table("_journal_with_argument", with)
        table("_journal_operands", operands)
    }'
}

bash_completion() {
    cat <<'END'
# journal.bash - completions of the journal command for bash.
#
# Written by lib/cli/completions/generate.sh: change that.

END
    bash_tables
    cat <<'END'

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
END
}

# ---- zsh ---------------------------------------------------------------------

zsh_tables() {
    awk -F '\t' '
    BEGIN {
        kinds["PATH"] = kinds["FROM"] = kinds["TO"] = "_files -/"
        kinds["DIRECTORY"] = "_files -/"
        kinds["FILE"] = "_files"
        kinds["KEY"] = "_journal_keys"
        kinds["NAME"] = "_journal_marks"
        kinds["COMMAND"] = "_journal_commands"
    }
    function quote(text) {
        gsub(/\047/, "\047\\\047\047", text)
        return text
    }
    function escape(text) {
        gsub(/\\|\[|\]|:/, "\\\\&", text)
        return quote(text)
    }
    $1 == "command" {
        names[++count] = $2
        colons = $3
        gsub(/:/, "\\:", colons)
        summaries = summaries sprintf("        \047%s:%s\047\n", $2, \
            quote(colons))
        n = split($4, list, " ")
        for (i = 1; i <= n; i++)
            operands[$2] = operands[$2] sprintf(" \\\n            \047%d:" \
                "%s:%s\047", i, list[i], list[i] in kinds ? \
                kinds[list[i]] : " ")
    }
    $1 == "option" {
        rest = "[" escape($6) "]" ($5 == "" ? "" : ":" escape($5) ": ")
        if ($3 == "")
            text = "\047--" $4 rest "\047"
        else
            text = "\047(-" $3 " --" $4 ")\047{-" $3 ",--" $4 "}\047" rest \
                "\047"
        options[$2] = options[$2] " \\\n            " text
    }
    END {
        printf "_journal_commands() {\n    local -a commands=(\n%s    )\n" \
            "    _describe command commands\n}\n", summaries
        printf "\n_journal_command() {\n    case $1 in\n"
        for (i = 1; i <= count; i++)
            printf "    %s)\n        _arguments -s -S " \
                "\047(- *)--help[tell how it is used]\047%s%s\n        ;;\n", \
                names[i], options[names[i]], operands[names[i]]
        print "    esac\n}"
    }'
}

zsh_completion() {
    cat <<'END'
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

END
    zsh_tables
    cat <<'END'

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
END
}

# ---- fish --------------------------------------------------------------------

fish_tables() {
    awk -F '\t' '
    function quote(text) {
        gsub(/[\\\047]/, "\\\\&", text)
        return "\047" text "\047"
    }
    BEGIN {
        kinds["PATH"] = kinds["FROM"] = kinds["TO"] = \
            "__fish_complete_directories"
        kinds["DIRECTORY"] = "__fish_complete_directories"
        kinds["FILE"] = "__fish_complete_path"
        kinds["KEY"] = "__journal_keys"
        kinds["NAME"] = "__journal_marks"
    }
    $1 == "command" {
        names = names " " $2
        printf "\ncomplete -c journal -n \047test (__journal_count) -eq 0\047" \
            " -a %s -d %s\n", $2, quote($3)
        n = split($4, list, " ")
        for (i = 1; i <= n; i++)
            if (list[i] in kinds)
                printf "complete -c journal -n \047__journal_at %s %d\047 " \
                    "-a \047(%s)\047\n", $2, i, kinds[list[i]]
        printf "complete -c journal -n \047__journal_is %s\047 -l help " \
            "-d \047tell how it is used\047\n", $2
    }
    $1 == "option" && $5 != "" {
        with[$2] = with[$2] ($3 == "" ? "" : " -" $3) " --" $4
    }
    $1 == "option" {
        printf "complete -c journal -n \047__journal_is %s\047%s -l %s%s " \
            "-d %s\n", $2, $3 == "" ? "" : " -s " $3, $4, \
            $5 == "" ? "" : " -x", quote($6)
    }
    END {
        printf "\ncomplete -c journal -n \047__journal_is help\047 " \
            "-a \047%s\047\n", substr(names, 2)
        print "\nfunction __journal_with_argument"
        print "    switch $argv[1]"
        n = split(names, list, " ")
        for (i = 1; i <= n; i++)
            if (with[list[i]] != "")
                printf "        case %s\n            string split \047 " \
                    "\047 --%s\n", list[i], " \047" substr(with[list[i]], 2) \
                    "\047"
        print "    end\nend"
    }'
}

fish_completion() {
    cat <<'END'
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
END
    fish_tables
}

case ${1:-} in
bash) tables | { bash_completion; } ;;
zsh) tables | { zsh_completion; } ;;
fish) tables | { fish_completion; } ;;
*) echo "generate.sh: bash, zsh or fish" >&2; exit 2 ;;
esac
