# bars.awk - draws figures of docs/benchmarks.md as bars, in SVG:
#
#   awk -f docs/pictures/bars.awk docs/benchmarks.md >docs/pictures/benchmarks.svg
#
# A panel is a row of one of its tables, found by how the row begins.

function panel(row, title, unit) {
    rows[++panels] = row
    titles[panels] = title
    units[panels] = unit
}

BEGIN {
    panel("durable append, 1 thread, entries/s",
        "Durable append, one thread", "entries/s")
    panel("durable append, 16 threads, entries/s",
        "Durable appends, 16 threads", "entries/s")
    panel("durable batches of 100, entries/s",
        "Durable batches of 100", "entries/s")
    panel("relaxed append, 10k keys, entries/s",
        "Relaxed appends, 10,000 keys", "entries/s")
    panel("relaxed append, 1M keys, entries/s",
        "Relaxed appends, a million keys", "entries/s")
    panel("get, latest by key, µs",
        "Latest entry of a key", "µs, less is better")
    panel("history of a key, 100 revisions, entries/s",
        "History of a key", "entries/s")
    panel("latest of every key, entries/s",
        "Latest of every key", "entries/s")
    panel("replay of everything, entries/s",
        "Replay of everything", "entries/s")
}

function trim(text) {
    gsub(/^ +| +$/, "", text)
    return text
}

# "2.44 M" is a number, and so is "118 k"; what is none is 0.
function number(text, parts) {
    if (text !~ /^[0-9.]+( [kM])?$/)
        return 0
    split(text, parts, " ")
    return parts[1] * (parts[2] == "k" ? 1000 : parts[2] == "M" ? 1000000 : 1)
}

/^\|/ && !in_table {
    in_table = 1
    names_count = split($0, names, "|")
    next
}
!/^\|/ { in_table = 0 }
in_table {
    count = split($0, cells, "|")
    for (i = 1; i <= panels; i++) {
        if (trim(cells[2]) != rows[i])
            continue
        for (j = 3; j < count; j++) {
            if (trim(names[j]) == "bar" || trim(names[j]) == "")
                break
            if (number(trim(cells[j])) == 0)
                continue
            bars[i]++
            name[i, bars[i]] = trim(names[j])
            said[i, bars[i]] = trim(cells[j])
        }
    }
}

function text(class, x, y, words) {
    printf "  <text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>\n", \
        class, x, y, words
}

function draw(i, j, most, value) {
    text("title", 8, y, titles[i])
    text("small end", 472, y, units[i])
    y += 8
    most = 0
    for (j = 1; j <= bars[i]; j++)
        if (number(said[i, j]) > most)
            most = number(said[i, j])
    for (j = 1; j <= bars[i]; j++) {
        value = number(said[i, j])
        text("end", 92, y + 15, name[i, j])
        printf "  <rect class=\"%s\" x=\"100\" y=\"%d\" width=\"%.1f\" " \
            "height=\"14\" rx=\"2\"/>\n", \
            name[i, j] == "libjournal" ? "ours" : "other", y + 4, \
            1 + 300 * value / most
        text("small", 107 + 300 * value / most, y + 15, said[i, j])
        y += 20
    }
    y += 32
}

END {
    height = 0
    for (i = 1; i <= panels; i++) {
        if (!bars[i]) {
            print "bars.awk: no row begins: " rows[i] >"/dev/stderr"
            exit 1
        }
        height += 40 + 20 * bars[i]
    }
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 480 %d\" " \
        "role=\"img\"\n     aria-labelledby=\"title desc\">\n", height
    print "  <title id=\"title\">Figures of docs/benchmarks.md</title>"
    print "  <desc id=\"desc\">" \
        "The tables of that page have the same numbers.</desc>"
    print "  <style>"
    print "    text { font: 13px system-ui, \"Segoe UI\", Roboto, Helvetica, " \
        "Arial, sans-serif; fill: #1d2430; }"
    print "    .title { font-weight: 600; font-size: 14px; }"
    print "    .small { font-size: 12px; fill: #55606e; }"
    print "    .end { text-anchor: end; }"
    print "    .ours { fill: #3f74b8; }"
    print "    .other { fill: #b4bcc8; }"
    print "    @media (prefers-color-scheme: dark) {"
    print "      text { fill: #e4e8ee; }"
    print "      .small { fill: #a5afbd; }"
    print "      .ours { fill: #7ea3da; }"
    print "      .other { fill: #5d6774; }"
    print "    }"
    print "  </style>"
    y = 20
    for (i = 1; i <= panels; i++)
        draw(i)
    print "</svg>"
}
