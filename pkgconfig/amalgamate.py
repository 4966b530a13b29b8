#!/usr/bin/env python3
"""amalgamate.py - all of the library as one file, journal.c beside journal.h.

    amalgamate.py OUT SOURCE...

in the root of the source tree; SOURCE as the Makefile's LIB_SOURCES has it,
below lib/.  In the one file

  - what the system's headers declare comes first, so that a name of ours that
    is also one of theirs is an error for the compiler and never quietly
    another thing;
  - each header of lib/ comes once, where it is first included;
  - what is not in journal.h is static;
  - a name that two files have each for itself gets its file's name before it;
  - a macro of a file ends with the file.

What cannot be done so is refused, with file and name.
"""

import os
import sys
from collections import Counter

sys.dont_write_bytecode = True  # nothing is left in the source tree

from c_source import (Refused, TAGGED, declarations_of, macros_of, tokens_of)

LIB = "lib"
PUBLIC = "include/journal.h"

HEAD = """/*
 * journal.c - libjournal {version}, all of it in one file.
 *
 *     cc -c journal.c       journal.h beside it; link with -llmdb -lxxhash
 *
 * Made from the files of lib/, whose names stand above their parts: change them
 * there.
 *
{licence}
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "journal.h"

{includes}
/* Only what journal.h declares is seen from outside. */
#if defined(__GNUC__)
#define JN_PRIVATE static __attribute__((unused))
#else
#define JN_PRIVATE static
#endif

/* With all in sight of each other, gcc guesses about what it has inlined. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
"""

FOOT = """
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#undef JN_PRIVATE
"""


class Source:
    """A file of lib/, read and looked at."""

    def __init__(self, path):
        self.path = path
        self.shown = f"{LIB}/{path}"
        try:
            with open(self.shown, encoding="utf-8") as file:
                self.text = file.read()
        except OSError as error:
            raise Refused(f"{self.shown}: {error.strerror}") from error
        self.tokens = tokens_of(self.text, self.shown)
        self.declarations = declarations_of(self.tokens, self.shown)
        self.macros = macros_of(self.tokens)
        if "_GNU_SOURCE" in self.macros:
            self.macros.remove("_GNU_SOURCE")
        self.names = {name for found in self.declarations
                      for name in found.ordinary()}
        self.tags = {tag for found in self.declarations for tag in found.tags}

    def own(self):
        """The names that are no business of other files."""
        return {name for found in self.declarations
                for name in found.ordinary()
                if not is_shared(found) or name in found.constants}

    def stem(self):
        """The file's name alone."""
        return os.path.splitext(os.path.basename(self.path))[0]


def is_shared(found):
    """Whether it is seen by other files: it has external linkage."""
    return (bool(found.function or found.objects)
            and not found.begins("static", "typedef"))


class Tree:
    """All files that the sources consist of, headers in order of inclusion."""

    def __init__(self, paths):
        self.includes = []  # of the system, each once
        self.headers = {}
        self.sources = [Source(path) for path in paths]
        for source in self.sources:
            self.follow(source)
        self.public = self.names_of_header()

    def names_of_header(self):
        """The functions that journal.h declares."""
        with open(PUBLIC, encoding="utf-8") as file:
            text = file.read()
        body = text[text.index("struct journal;"):]
        body = body[:body.rindex("#ifdef __cplusplus")]
        found = declarations_of(tokens_of(body, PUBLIC), PUBLIC)
        return {one.function for one in found if one.function}

    def follow(self, source):
        """Reads the headers that SOURCE includes, and those that they do."""
        for line in lines_of(source):
            if line.include is None:
                continue
            if line.include.startswith("<"):
                self.note_system(source, line)
            else:
                self.header(source, line.include.strip('"'))

    def header(self, source, name):
        """The header NAME as SOURCE means it: beside itself, or from lib/."""
        beside = os.path.normpath(
            os.path.join(os.path.dirname(source.path), name))
        for path in (beside, name):
            if path in self.headers:
                return self.headers[path]
            if os.path.exists(f"{LIB}/{path}"):
                header = Source(path)
                self.headers[path] = header
                if not is_guarded(header):
                    raise Refused(f"{header.shown}: has no include guard")
                self.follow(header)
                return header
        raise Refused(f"{source.shown}: includes {name}, which is not in {LIB}")

    def note_system(self, source, line):
        """Remembers an include, with the condition it stands in."""
        if line.include in ("<journal.h>",):
            return
        text = f"#include {line.include}\n"
        if line.conditions:
            text = "".join([f"{c}\n" for c in line.conditions] + [text]
                           + ["#endif\n"] * len(line.conditions))
        if any(not c.startswith("#if") for c in line.conditions):
            raise Refused(f"{source.shown}: includes {line.include} "
                          "after #else")
        if text not in self.includes:
            self.includes.append(text)


class Line:
    """A line of a source, as far as directives go."""

    def __init__(self, first, limit):
        self.first = first  # its tokens are [first, limit)
        self.limit = limit
        self.include = None  # "<...>" or '"..."'
        self.conditions = []  # of it, if it is an include
        self.words = []


def lines_of(source):
    """The lines that are directives."""
    tokens = source.tokens
    conditions = []
    first = 0
    for i, token in enumerate(tokens):
        if token.kind != "newline":
            continue
        line = Line(first, i + 1)
        first = i + 1
        line.words = [t.text for t in tokens[line.first:line.limit]
                      if t.directive and t.kind not in ("space", "comment")]
        if line.words:
            obey(line, conditions, source)
            yield line


def obey(line, conditions, source):
    """Keeps account of the conditions; the guard of a header is none."""
    text = "".join(t.text for t in source.tokens[line.first:line.limit - 1]
                   if t.kind != "comment").strip()
    word = line.words[1] if len(line.words) > 1 else ""
    if word in ("if", "ifdef", "ifndef"):
        conditions.append(text)
    elif word == "endif":
        conditions.pop()
    elif word in ("else", "elif"):
        conditions[-1] = text
    elif word == "include":
        line.include = text.split(None, 1)[1].strip()
        guarded = source.path.endswith(".h")
        line.conditions = conditions[1 if guarded else 0:]


def is_guarded(header):
    """Whether the file's first two directives are a guard."""
    heads = [line.words for line in lines_of(header)][:2]
    return (len(heads) == 2 and heads[0][1] == "ifndef"
            and heads[1][1] == "define" and heads[0][2] == heads[1][2])


def refuse_twice(headers):
    """Of a name that two headers have, one file may include only one now."""
    owners = {}
    for header in headers:
        kinds = (("macro", header.macros), ("tag", header.tags),
                 ("name", header.own()))
        for kind, names in kinds:
            for name in names:
                other = owners.setdefault((kind, name), header)
                if other is not header:
                    raise Refused(f"{header.shown}: its {kind} {name} is also "
                                  f"one of {other.shown}")
    return {name: header for (kind, name), header in owners.items()
            if kind == "macro"}


def clashes_of(tree):
    """For each source's path: its names that others have too, and new ones."""
    headers = list(tree.headers.values())
    files = tree.sources + headers
    macros = refuse_twice(headers)
    owners = Counter(name for file in files for name in file.names)
    tags = Counter(tag for file in files for tag in file.tags)
    stems = Counter(source.stem() for source in tree.sources)
    words = {token.text for file in files for token in file.tokens
             if token.kind == "name"}
    clashes = {}
    for source in tree.sources:
        for name in list(source.macros) + sorted(source.names):
            if name in macros:
                raise Refused(f"{source.shown}: its {name} is also a macro of "
                              f"{macros[name].shown}")
        clashes[source.path] = Clash(
            source, stems, words,
            {name for name in source.own() if owners[name] > 1},
            {tag for tag in source.tags if tags[tag] > 1})
    return clashes


class Clash:
    """The names of a source that others have too, and their new ones."""

    def __init__(self, source, stems, words, ordinary, tags):
        self.ordinary = ordinary
        self.tags = tags
        prefix = source.stem()
        if stems[prefix] > 1:
            prefix = os.path.splitext(source.path)[0].replace("/", "_")
        self.new = {name: f"{prefix}_{name}" for name in ordinary | tags}
        for name, new in sorted(self.new.items()):
            if new in words:
                raise Refused(f"{source.shown}: {name} cannot become {new}, "
                              "which is there already")
        words |= set(self.new.values())


def rename(source, clash):
    """Writes the new names into SOURCE's tokens."""
    inside = members_of(source)
    before = ""
    for place, token in enumerate(source.tokens):
        if token.kind in ("space", "comment", "newline"):
            continue
        if before in TAGGED:
            wanted = token.text in clash.tags
        else:
            wanted = (token.text in clash.ordinary and place not in inside
                      and before not in (".", "->"))
        before = token.text
        if wanted:
            token.text = clash.new[token.text]


def members_of(source):
    """Places of the names of members, which do not clash with others."""
    places = set()
    tokens = source.tokens
    counting = [i for i, token in enumerate(tokens) if token.counts()]
    stack = []
    for at, place in enumerate(counting):
        text = tokens[place].text
        if text == "{":
            two = [tokens[p].text for p in counting[max(0, at - 2):at]]
            stack.append(bool({"struct", "union"} & set(two)))
        elif text == "}":
            stack.pop()
        elif stack and stack[-1] and tokens[place].kind == "name":
            if tokens[counting[at + 1]].text in (";", ",", "[", ":", ")"):
                if tokens[counting[at - 1]].text != "[":
                    places.add(place)
    return places


def make_private(source, public):
    """Puts the word before all that only other files of lib/ may see."""
    for found in source.declarations:
        if not is_shared(found) or found.function in public:
            continue
        first = source.tokens[found.places[0]]
        if first.text == "extern":
            first.text = "JN_PRIVATE"
        else:
            first.text = "JN_PRIVATE " + first.text


def write_part(source, tree, done, out):
    """The text of SOURCE, with headers that are not DONE yet in their place."""
    title = f"/* ==== {source.shown} "
    out.append("\n" + title + "=" * (77 - len(title)) + " */\n")
    at = 0
    for line in lines_of(source):
        gone = line.include is not None or line.words[1:3] == [
            "define", "_GNU_SOURCE"]
        if not gone:
            continue
        out.append("".join(t.text for t in source.tokens[at:line.first]))
        at = line.limit
        if line.include is None or line.include.startswith("<"):
            continue
        header = tree.header(source, line.include.strip('"'))
        if header.path not in done:
            done.add(header.path)
            write_part(header, tree, done, out)
            out.append(f"\n/* ==== {source.shown}, after "
                       f"{os.path.basename(header.path)} */\n")
    out.append("".join(t.text for t in source.tokens[at:]))
    if source.path.endswith(".c"):
        out.extend(f"#undef {macro}\n" for macro in source.macros)


def version_of(text):
    """What the header says, as 1.2.3."""
    words = text.split()
    parts = [words[words.index(f"JOURNAL_VERSION_{part}") + 1]
             for part in ("MAJOR", "MINOR", "PATCH")]
    return ".".join(parts)


def amalgamation(paths):
    """The text of journal.c."""
    tree = Tree(paths)
    clashes = clashes_of(tree)
    for source in tree.sources:
        rename(source, clashes[source.path])
    for file in tree.sources + list(tree.headers.values()):
        make_private(file, tree.public)
    with open(PUBLIC, encoding="utf-8") as file:
        version = version_of(file.read())
    with open("COPYING", encoding="utf-8") as file:
        licence = "\n".join(f" * {line}".rstrip()
                            for line in file.read().rstrip().split("\n"))
    out = [HEAD.format(version=version, licence=licence,
                       includes="".join(tree.includes))]
    done = set()
    for source in tree.sources:
        write_part(source, tree, done, out)
    out.append(FOOT)
    return "".join(out)


def main():
    """Writes journal.c and journal.h into OUT, whole or not at all."""
    if len(sys.argv) < 3:
        sys.exit("usage: amalgamate.py OUT SOURCE...")
    out = sys.argv[1]
    try:
        text = amalgamation(sys.argv[2:])
    except Refused as error:
        sys.exit(f"amalgamate.py: {error}")
    os.makedirs(out, exist_ok=True)
    with open(PUBLIC, encoding="utf-8") as file:
        header = file.read()
    for name, content in (("journal.h", header), ("journal.c", text)):
        with open(f"{out}/{name}.new", "w", encoding="utf-8") as file:
            file.write(content)
        os.replace(f"{out}/{name}.new", f"{out}/{name}")


if __name__ == "__main__":
    main()
