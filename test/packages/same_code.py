"""same_code.py - is the amalgamation, for the compiler, what lib/ is?

    same_code.py CC JOURNAL_C... -- SOURCE...

in the root of the source tree.  Each source alone, and the amalgamation, go
through the preprocessor; each function, table and type of the one must then be
found in the other, word for word but for the new names.  So no macro, constant
or function of one file has changed what another one means.  Several
amalgamations are compared with the same sources, and a line said of each.
"""

import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "pkgconfig")

import amalgamate
from c_source import pieces_of, tokens_of

MARKER = re.compile(r'# \d+ "([^"]*)"')
PRIVATE = ("static", "extern", "__attribute__", "(", "unused", ")")


class Preprocessed:
    """Text with the tokens that amalgamate.rename() wants to see."""

    def __init__(self, text, where):
        self.tokens = tokens_of(text, where)
        self.where = where

    def pieces(self):
        """Each declaration as a tuple of words, whatever its linkage."""
        for places in pieces_of(self.tokens, self.where):
            words = [self.tokens[place].text for place in places]
            at = 0
            while words[at] in PRIVATE:
                at += 1
            yield tuple(words[at:])


def preprocessed(compiler, path, mine):
    """What the compiler makes of PATH, by file; MINE: which files count."""
    command = [compiler, "-std=c11", "-D_GNU_SOURCE", "-DNDEBUG", "-E",
               "-Iinclude", "-Ilib", path]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          universal_newlines=True)
    texts = {}
    name = ""
    for line in done.stdout.splitlines(keepends=True):
        marker = MARKER.match(line)
        if marker:
            name = marker.group(1)
        elif mine(name):
            texts.setdefault(name, []).append(line)
    return {name: "".join(lines) for name, lines in texts.items()}


def of_library(compiler, sources):
    """All pieces of the sources, renamed, with the file each is from."""
    clashes = amalgamate.clashes_of(amalgamate.Tree(sources))
    pieces = {}
    for source in sources:
        texts = preprocessed(compiler, f"lib/{source}",
                             lambda name: name.startswith("lib/"))
        for name, text in texts.items():
            part = Preprocessed(text, name)
            if name == f"lib/{source}":
                amalgamate.rename(part, clashes[source])
            pieces.update((piece, name) for piece in part.pieces())
    return pieces


def of_amalgamation(compiler, path):
    """All pieces of the one file."""
    texts = preprocessed(compiler, path, lambda name: name == path)
    return {piece: path for piece in Preprocessed(texts[path], path).pieces()}


def missing(from_here, there):
    """Says which pieces are not in the other; how many."""
    count = 0
    for piece, name in from_here.items():
        if piece not in there:
            count += 1
            print(f"{name} alone has: {' '.join(piece)[:300]}")
    return count


def main():
    """0: they are all the same."""
    compiler = sys.argv[1]
    at = sys.argv.index("--")
    apart = of_library(compiler, sys.argv[at + 1:])
    found = 0
    for path in sys.argv[2:at]:
        joined = of_amalgamation(compiler, path)
        differ = missing(apart, joined) + missing(joined, apart)
        print(f"{path}: {differ} of {len(joined)} declarations differ")
        found += differ
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
