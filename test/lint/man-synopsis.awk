# man-synopsis.awk - the prototypes of journal.h, or of manual pages, one a line
# and written alike, so that they can be compared.

function put(text) {
    gsub(/[ \t]+/, " ", text)
    gsub(/\* /, "*", text)
    gsub(/ \)/, ")", text)
    sub(/^ /, "", text)
    print text
}

# Of the header: from JOURNAL_API up to the semicolon.
/^JOURNAL_API / && FILENAME ~ /\.h$/ {
    prototype = ""
    reading = 1
    sub(/^JOURNAL_API /, "")
}
reading {
    prototype = prototype " " $0
    if (/;/) {
        sub(/;.*/, "", prototype)
        put(prototype)
        reading = 0
    }
}

# Of a page: .Ft TYPE, then .Fo NAME, .Fa ARGUMENT ..., .Fc, or .Fn in one line.
FILENAME ~ /\.h$/ { next }
/^\.Sh / { inside = /SYNOPSIS/ }
!inside { next }
/^\.Ft / { type = substr($0, 5) }
/^\.Fo / {
    name = $2
    arguments = ""
}
/^\.Fa / {
    argument = substr($0, 5)
    gsub(/"/, "", argument)
    arguments = arguments (arguments == "" ? "" : ", ") argument
}
/^\.Fc/ && name ~ /^journal_/ { put(type " " name "(" arguments ")") }
/^\.Fn / {
    rest = substr($0, length(".Fn " $2) + 2)
    gsub(/" "/, ", ", rest)
    gsub(/"/, "", rest)
    put(type " " $2 "(" rest ")")
}
