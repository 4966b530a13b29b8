#!/bin/sh
# completion_test.sh - completions are those of the command as it is, and work.
#
#   JOURNAL=build/journal test/cli/completion_test.sh
#
# Shells that are not here are left out; bash is everywhere.
set -u

SCRIPTS=$(cd "$(dirname "$0")/../../lib/cli/completions" && pwd) || exit 1

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

have() {
    command -v "$1" >/dev/null
}

# What a shell calls is `journal`.
mkdir bin
ln -s "$JOURNAL" bin/journal
PATH=$PWD/bin:$PATH
mkdir -p place/inner
printf 'x' >place/file
"$JOURNAL" append -q here key-one v
"$JOURNAL" append -q here key-two v
"$JOURNAL" append -q here other v
"$JOURNAL" mark here reader 1

test_files() {
    for shell in bash zsh fish; do
        "$SCRIPTS/generate.sh" $shell >written
        verify "the completions for $shell are what 'make completions' writes" \
            cmp -s written "$SCRIPTS/journal.$shell"
    done
    for name in $("$JOURNAL" help | sed -n 's/^  \([a-z]*\)  *[^ ].*/\1/p'); do
        "$JOURNAL" help "$name" 2>/dev/null |
            sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p' >options
        while read -r option; do
            for shell in bash zsh fish; do
                verify "$shell knows $name --$option" grep -qE -e \
                    "(--|-l )$option([^a-z-]|\$)" "$SCRIPTS/journal.$shell"
            done
        done <options
    done
}

# words: the words behind `journal` that are there, the last to be completed.
cat >ask.bash <<'END'
source "$SCRIPTS/journal.bash"
compopt() { :; }
COMP_WORDS=(journal "$@")
COMP_CWORD=$#
COMPREPLY=()
_journal
printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' '
END

# bash_says WORDS EXPECTED...
bash_says() {
    expected=$1
    shift
    said=$(SCRIPTS=$SCRIPTS bash ask.bash "$@" 2>err)
    verify "bash completes 'journal $*'" test "$said" = "$expected"
    verify 'without a word' test ! -s err
}

test_bash() {
    have bash || return 0
    bash_says 'query' que
    bash_says 'mark marks' mar
    bash_says '--help' --h
    bash_says '--past-marks' prune --p
    bash_says '--help --immutable --json --verbose' read --j --
    bash_says 'bin here place' get ''
    bash_says 'place' get pl
    bash_says 'key-one key-two' get here k
    bash_says 'key-one key-two other' get --at 5 here ''
    bash_says 'reader' mark here ''
    bash_says '' get --at ''
    bash_says '' read here ''
    bash_says '' get nowhere ''
    bash_says 'ask.bash' import here ask.b
    bash_says 'bench' help be
    bash_says '' nothing ''
}

cat >ask.zsh <<'END'
zmodload zsh/zpty
zpty shell "PS1='> ' TERM=dumb zsh -f -i"
zpty -w shell "fpath=($PWD/functions \$fpath); autoload -Uz compinit;
compinit -u -D; LISTMAX=1000; unsetopt auto_menu; stty -echo cols 200
print REA''DY"
zpty -r shell out '*READY*'
zpty -w -n shell "$1"$'\t\t'
zpty -r shell out "*$2*"
END

zsh_says() {
    verify "zsh completes '$1' to '$2'" timeout 30 zsh -f ask.zsh "$1" "$2"
}

test_zsh() {
    have zsh || return 0
    mkdir functions
    cp "$SCRIPTS/journal.zsh" functions/_journal
    verify 'zsh can read its completions' zsh -n functions/_journal
    zsh_says 'journal que' 'journal query'
    zsh_says 'journal get --v' 'get --verbose'
    zsh_says 'journal read --' 'immutable*nobody is writing'
    zsh_says 'journal get here o' 'here other'
    zsh_says 'journal get --at 5 here o' 'here other'
    zsh_says 'journal mark here ' 'here reader'
    zsh_says 'journal verify pl' 'place/'
    zsh_says 'journal help sa' 'salvage'
}

# fish_says EXPECTED LINE
fish_says() {
    said=$(HOME=$PWD fish -N -c "source $SCRIPTS/journal.fish
        complete -C '$2'" 2>err | cut -f 1 | sort | paste -sd ' ' -)
    verify "fish completes '$2'" test "$said" = "$1"
}

test_fish() {
    have fish || return 0
    verify 'fish can read its completions' fish -n "$SCRIPTS/journal.fish"
    fish_says query 'journal que'
    fish_says --past-marks 'journal prune --p'
    fish_says 'key-one key-two' 'journal get here k'
    fish_says 'key-one key-two other' 'journal get --at 5 here '
    fish_says reader 'journal mark here '
    fish_says place/ 'journal verify pl'
    fish_says bench 'journal help be'
}

test_files
test_bash
test_zsh
test_fish

conclude completion_test
