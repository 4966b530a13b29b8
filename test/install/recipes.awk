# recipes.awk - makes a program of the recipes of a page: of each fence "c" with
# the comment "<!-- try ... -->" behind it, which HTML does not show.

/^```c$/ {
    code = 1
    printf "#line %d \"%s\"\n", NR + 1, page
    waiting = NR
    next
}
/^```$/ {
    code = 0
    next
}
/^<!-- try$/ {
    trying = ++tries
    printf "static void\ntry_%d(struct journal *journal)\n{\n", tries
    printf "#line %d \"%s\"\n", NR + 1, page
    waiting = 0
    next
}
/^-->$/ && trying {
    print "}\n"
    trying = 0
    next
}
/^## / && waiting { exit }
code || trying { print }
END {
    if (waiting)
        printf "#error the recipe in line %d is never tried\n", waiting
    print "int\nmain(void)\n{"
    for (i = 1; i <= tries; i++)
        printf "    try_recipe(\"%d\", try_%d);\n", i, i
    printf "    printf(\"%d recipes\\n\");\n    return 0;\n}\n", tries
}
