# same.awk - is the second file what the first one says?
#
# In the first, "..." within a line stands for anything, and alone on a line for
# any number of lines.  How much blank there is between words is of no account.

function tidy(text) {
    gsub(/[ \t]+/, " ", text)
    sub(/ $/, "", text)
    return text
}

# Does TEXT have all that stands between the dots of PATTERN, in order?
function fits(text, pattern, parts, count, i, at) {
    count = split(pattern, parts, /\.\.\./)
    if (count < 2)
        return text == pattern
    if (substr(text, 1, length(parts[1])) != parts[1])
        return 0
    text = substr(text, length(parts[1]) + 1)
    for (i = 2; i < count; i++) {
        at = index(text, parts[i])
        if (at == 0)
            return 0
        text = substr(text, at + length(parts[i]))
    }
    return length(text) >= length(parts[count]) &&
        substr(text, length(text) - length(parts[count]) + 1) == parts[count]
}

# Do the lines from FOUND on fit those from WANTED on?
function all_fit(wanted, found) {
    if (wanted > lines_wanted)
        return found > lines_found
    if (expected[wanted] == "...") {
        for (; found <= lines_found + 1; found++)
            if (all_fit(wanted + 1, found))
                return 1
        return 0
    }
    return found <= lines_found && fits(said[found], expected[wanted]) &&
        all_fit(wanted + 1, found + 1)
}

FILENAME == ARGV[1] { expected[++lines_wanted] = tidy($0) }
FILENAME != ARGV[1] { said[++lines_found] = tidy($0) }
END { exit !all_fit(1, 1) }
