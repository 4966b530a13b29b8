# page.awk - makes a page of a part of one: with a head, a way to the others, a
# list of what is on it, and links that lead to HTML.
#
# title, up (the way to the top: "" or "../"), version; names, a file of lines
# "NAME FILE", the pages of the manual.

# What is outside of docs/ has no page; these have.
function target(href, file) {
    if (href ~ /^(https?:|mailto:)/)
        return href
    # mandoc writes one place in two ways.
    if (href ~ /^#/) {
        gsub(/-/, "_", href)
        return "#" place[substr(href, 2)]
    }
    sub(/^(\.\.\/)+include\/journal\.h$/, up "journal.h.html", href)
    sub(/^\.\.\/pictures/, up "pictures", href)
    sub(/README\.md/, "index.html", href)
    sub(/\.md$/, ".html", href)
    sub(/\.md#/, ".html#", href)
    if (href ~ /\.c$/)
        href = href ".html"
    # A reference of the manual may be to a name that has no page to itself.
    file = href
    if (file ~ /^[a-z_-]+\.[1-8]\.html$/ && up != "") {
        sub(/\.[1-8]\.html$/, "", file)
        if (file in page_of)
            return page_of[file]
        sub(/\.html$/, "", href)
        return "https://man7.org/linux/man-pages/man" \
            substr(href, length(href)) "/" href ".html"
    }
    return href
}

# Every href of the line, one after the other.
function relink(line, done, href) {
    done = ""
    while (match(line, / href="[^"]*"/)) {
        href = substr(line, RSTART + 7, RLENGTH - 8)
        gsub(/&#47;/, "/", href)
        done = done substr(line, 1, RSTART - 1) " href=\"" target(href) "\""
        line = substr(line, RSTART + RLENGTH)
    }
    return done line
}

# A call, or "man NAME", in the text leads to its page.
function link_calls(line, done, name) {
    done = ""
    while (match(line, /<code>(journal_[a-z_]+\(\)|man [a-z_-]+)<\/code>/)) {
        name = substr(line, RSTART + 6, RLENGTH - 13)
        gsub(/^man |\(\)$/, "", name)
        done = done substr(line, 1, RSTART - 1)
        if (name in page_of)
            done = done "<a href=\"" up "man/" page_of[name] "\">" \
                substr(line, RSTART, RLENGTH) "</a>"
        else
            done = done substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + RLENGTH)
    }
    return done line
}

BEGIN {
    while ((getline line < names) > 0) {
        split(line, parts, " ")
        if (!(parts[1] in page_of))
            page_of[parts[1]] = parts[2]
    }
}

/<pre>/ { literal = 1 }
/<pre><code class="language-console">/ {
    console = 1
    sub(/<code class="language-console">/, "<code class=\"console\">")
    sub(/\$ .*/, "<b>&</b>")
}
console && /^\$ / { $0 = "<b>" $0 "</b>" }
/<\/pre>/ {
    console = 0
    literal = 0
}
match($0, / id="[^"]*"/) {
    id = substr($0, RSTART + 5, RLENGTH - 6)
    alike = id
    gsub(/-/, "_", alike)
    place[alike] = id
}
{
    lines[NR] = $0
    text[NR] = !literal
}
/^<h2 id="/ {
    match($0, /id="[^"]*"/)
    heading = substr($0, RSTART + 4, RLENGTH - 5)
    words = $0
    gsub(/<[^>]*>/, "", words)
    contents[++headings] = "<a href=\"#" heading "\">" words "</a>"
}

END {
    print "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"
    print "<meta name=\"viewport\" content=\"width=device-width, " \
        "initial-scale=1\">"
    print "<meta name=\"color-scheme\" content=\"light dark\">"
    print "<title>" title (title == "libjournal" ? "" : " - libjournal") \
        "</title>"
    print "<link rel=\"stylesheet\" href=\"" up "style.css\">\n</head>\n<body>"
    print "<nav class=\"top\"><a class=\"home\" href=\"" up \
        "index.html\">libjournal</a>"
    print "<a href=\"" up "tutorial.html\">Tutorial</a>"
    print "<a href=\"" up "cookbook.html\">Cookbook</a>"
    print "<a href=\"" up "examples/index.html\">Examples</a>"
    print "<a href=\"" up "index.html#the-manual\">Manual</a></nav>\n<main>"
    for (i = 1; i <= NR; i++) {
        print text[i] ? link_calls(relink(lines[i])) : lines[i]
        if (headings > 3 && title != "libjournal" && lines[i] ~ /^<h1/) {
            print "<details class=\"contents\"><summary>On this page</summary>"
            for (j = 1; j <= headings; j++)
                print contents[j]
            print "</details>"
        }
    }
    print "</main>\n<footer>libjournal " version "</footer>\n</body>\n</html>"
}
