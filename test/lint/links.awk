# links.awk - which links of pages of HTML lead nowhere?
#
# Run beside the pages; files is a list of all that is there.

# PATH, as a page in FOLDER writes it, from the top.
function resolve(folder, path) {
    while (path ~ /^\.\.\//) {
        sub(/^\.\.\//, "", path)
        sub(/[^\/]*\/$/, "", folder)
    }
    return folder path
}

function note(link, folder, file, place) {
    if (link ~ /^(https?|mailto):/)
        return
    folder = FILENAME
    sub(/[^\/]*$/, "", folder)
    file = link
    sub(/#.*/, "", file)
    file = file == "" ? FILENAME : resolve(folder, file)
    place = link ~ /#/ ? substr(link, index(link, "#")) : ""
    wanted[++links] = file place
    from[links] = FILENAME ": " link
}

BEGIN {
    while ((getline line < files) > 0)
        known[line] = 1
}

{
    line = $0
    while (match(line, / (href|src|id)="[^"]*"/)) {
        word = substr(line, RSTART + 1, RLENGTH - 2)
        line = substr(line, RSTART + RLENGTH)
        if (word ~ /^id=/)
            known[FILENAME "#" substr(word, 5)] = 1
        else
            note(substr(word, index(word, "\"") + 1))
    }
}

END {
    for (i = 1; i <= links; i++)
        if (!(wanted[i] in known)) {
            print from[i] " leads nowhere"
            bad = 1
        }
    if (links < 100) {
        print "only " links " links were found"
        bad = 1
    }
    exit bad
}
