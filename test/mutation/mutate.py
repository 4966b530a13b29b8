"""mutate.py - the small mistakes that can be made in a line of C.

Works on text in the house format, which has a space on either side of each
binary operator and of nothing else, and one statement a line.
"""
import collections
import os
import re

# FILE, line NUMBER from 1 on, what is done, and the line before and after.
Mutant = collections.namedtuple("Mutant", "file number kind old new")

# Each spelling, and what is put in its place.
OPERATORS = {
    "relation": {
        "==": ["!="], "!=": ["=="], "<": ["<=", ">="], "<=": ["<", ">"],
        ">": [">=", "<="], ">=": [">", "<"],
    },
    "logic": {"&&": ["||"], "||": ["&&"]},
    "arithmetic": {
        "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["/"],
        "<<": [">>"], ">>": ["<<"], "&": ["|"], "|": ["&"],
        "+=": ["-="], "-=": ["+="], "|=": ["&="], "&=": ["|="],
    },
}
RESULTS = {
    "return true;": "return false;",
    "return false;": "return true;",
    "return rc;": "return 0;",
    "return 0;": "return JOURNAL_CORRUPT;",
}
NUMBER = re.compile(r"(?<![\w.\"'])(\d+)(u?)(?![\w.\"'])")
CONDITION = re.compile(r"^(\s*(?:} else )?(?:if|while) )\((.*)\)( \{)?$")
ERROR = re.compile(r"return (JOURNAL_[A-Z_]+|E[A-Z]+);$")
# A call or an assignment, whole, on a line of its own.
STATEMENT = re.compile(
    r"^\s+(?:\(void\))?[\w>.\[\]*-]+"
    r"(?:\(.*\)| (?:[-+|&*]|<<|>>)?= .*|\+\+|--);$")
NOT_ONE = re.compile(
    r"^\s+(?:return|goto|break|continue|assert|static_assert)\b")


def code_lines(text):
    """(number, line) of each line of code in the body of a function."""
    inside, comment, asserting = False, False, False
    for number, line in enumerate(text.split("\n"), 1):
        if line in ("{", "}"):
            inside = line == "{"
            continue
        bare = line.strip()
        begins = bare.startswith("/*")
        asserting = asserting or bare.startswith(("assert(", "static_assert("))
        if inside and bare and not (comment or begins or asserting):
            if not bare.startswith(("#", "case ", "default:")):
                yield number, line
        asserting = asserting and not bare.endswith(";")
        comment = (comment or begins) and "*/" not in bare


def without_strings(line):
    """LINE with blanks for what is in quotes or behind the code."""
    blank = re.sub(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'',
                   lambda found: "_" * len(found[0]), line)
    return re.sub(r"/\*.*", lambda found: " " * len(found[0]), blank)


def operators(line):
    bare = without_strings(line)
    for kind, table in OPERATORS.items():
        for old, news in table.items():
            for found in re.finditer(rf"(?<= ){re.escape(old)}(?= |$)", bare):
                for new in news:
                    yield kind, (line[:found.start()] + new +
                                 line[found.end():])


def constants(line):
    for found in NUMBER.finditer(without_strings(line)):
        value = int(found[1])
        for new in {value + 1, max(value - 1, 0)} - {value}:
            yield "constant", (line[:found.start()] + str(new) + found[2] +
                               line[found.end():])


def conditions(line):
    found = CONDITION.match(line)
    if found and found[2].count("(") == found[2].count(")"):
        yield "negation", f"{found[1]}(!({found[2]})){found[3] or ''}"


def results(line):
    bare = line.strip()
    indent = line[:len(line) - len(line.lstrip())]
    if bare in RESULTS:
        yield "result", indent + RESULTS[bare]
    if ERROR.match(bare):
        yield "result", indent + "return 0;"


def deletions(line):
    # Of a comma list, `for` and a declaration's first value there is no way to
    # leave one out: these are not a statement, or do not compile without.
    if STATEMENT.match(line) and not NOT_ONE.match(line):
        yield "deletion", line[:len(line) - len(line.lstrip())] + ";"


def mutants_of(tree, file):
    """All mutants of FILE of TREE, in the order of the source."""
    with open(os.path.join(tree, file), encoding="utf-8") as source:
        text = source.read()
    for number, line in code_lines(text):
        for make in (operators, constants, conditions, results, deletions):
            for kind, new in make(line):
                yield Mutant(file, number, kind, line, new)
