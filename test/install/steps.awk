# steps.awk - takes a page of docs/ apart into what its reader does.
#
# Of a fence of the kind "console" each "$ command" becomes a file STEPS/NNN.sh,
# and what follows it STEPS/NNN.expected; a line that ends in a backslash goes
# on.  One of the kind "c NAME.c" becomes a step that writes that file.  Steps
# are numbered by lines of the page, so that a failure names its line.

function step(suffix) {
    return sprintf("%s/%05d.%s", steps, line, suffix)
}

function command(text) {
    line = NR
    print text >step("sh")
    printf "" >step("expected")
    goes_on = text ~ /\\$/
}

/^```/ && kind != "" {
    kind = ""
    next
}
/^```console$/ {
    kind = "console"
    next
}
/^```c [a-z_]+\.c$/ {
    kind = "file"
    line = NR
    print "cp " step("file") " " $2 >step("sh")
    printf "" >step("expected")
    next
}
/^```/ {
    kind = "other"
    next
}
kind == "console" && goes_on {
    print >step("sh")
    goes_on = /\\$/
    next
}
kind == "console" && /^\$ / {
    command(substr($0, 3))
    next
}
kind == "console" {
    print >step("expected")
}
kind == "file" {
    print >step("file")
}
