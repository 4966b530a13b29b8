"""c_source.py - C source as tokens, and what a file declares at its own scope.

Knows as much of C as a file of this library needs, and refuses what it does not
know.  Tokens put together again are the text, byte for byte.
"""

import re

TOKEN = re.compile(
    r"""
    (?P<comment> /\*.*?\*/ | //[^\n]* )
  | (?P<string>  "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' )
  | (?P<name>    [A-Za-z_]\w* )
  | (?P<number>  \.?[0-9](?:[eEpP][+-]|[\w.])* )
  | (?P<newline> \n )
  | (?P<space>   (?:[ \t]|\\\n)+ )
  | (?P<mark>    -> | \.\.\. | \#\# | [^\s\w"'\\] )
    """,
    re.S | re.X,
)
OPENING = {"(": ")", "[": "]", "{": "}"}
TAGGED = ("struct", "union", "enum")
# What stands before a parenthesis and is not the name of a function.
NOT_FUNCTIONS = re.compile(r"__|_A|alignas$|typeof$|[^A-Za-z_]")


class Refused(Exception):
    """The source is not such that this can be done with it."""


class Token:
    """A piece of text; DIRECTIVE: it is part of a line that begins with #."""

    def __init__(self, kind, text, directive):
        self.kind = kind
        self.text = text
        self.directive = directive

    def counts(self):
        """Whether a compiler sees it, once directives have been obeyed."""
        return not self.directive and self.kind not in (
            "comment",
            "newline",
            "space",
        )


def tokens_of(text, where):
    """The tokens of TEXT."""
    tokens = []
    at = 0
    fresh = True  # nothing but blanks in this line so far
    directive = False
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            line = text.count("\n", 0, at) + 1
            raise Refused(f"{where}:{line}: not C: {text[at:at + 20]!r}")
        kind = match.lastgroup
        if fresh and match.group() == "#":
            directive = True
        if kind == "newline":
            fresh, directive = True, False
        elif kind not in ("space", "comment"):
            fresh = False
        tokens.append(Token(kind, match.group(), directive))
        at = match.end()
    return tokens


class Declaration:
    """What stands at file scope up to a semicolon or the end of a body.

    tokens      those that count, in order; indexes of them among all: places
    function    the name of the function that is declared or defined, or None
    objects     names of variables, or of types by typedef
    tags        names after struct, union, enum that are defined here
    constants   of enums
    """

    def __init__(self, tokens, places):
        self.tokens = tokens
        self.places = places
        self.function = None
        self.objects = []
        self.tags = []
        self.constants = []

    def begins(self, *words):
        """Whether one of WORDS is the first."""
        return self.tokens[0].text in words

    def ordinary(self):
        """All names but tags, which are names of a kind of their own."""
        names = self.objects + self.constants
        return names + [self.function] if self.function else names


def pieces_of(tokens, where):
    """The file's scope cut into declarations, not looked at any further."""
    stack = []
    begun = []
    has_value = False
    body = False
    for place, token in enumerate(tokens):
        if not token.counts():
            continue
        before = tokens[begun[-1]].text if begun else ""
        begun.append(place)
        if token.text in OPENING:
            if not stack and token.text == "{":
                body = before == ")" and not has_value
            stack.append(OPENING[token.text])
        elif token.text in OPENING.values():
            if not stack or stack.pop() != token.text:
                raise Refused(f"{where}: brackets do not match")
        elif token.text == "=" and not stack:
            has_value = True
        ends = token.text == ";" or (token.text == "}" and body)
        if ends and not stack:
            if len(begun) > 1:
                yield begun
            begun, has_value, body = [], False, False
    if begun:
        raise Refused(f"{where}: ends within a declaration")


def flat(tokens):
    """Pairs of a token's text and how many brackets it is in."""
    depth = 0
    for token in tokens:
        if token.text in OPENING.values():
            depth -= 1
        yield token.text, depth
        if token.text in OPENING:
            depth += 1


def look_inside(found):
    """Finds tags and constants, which also nest, in a type's braces."""
    texts = [token.text for token in found.tokens]
    for i, text in enumerate(texts):
        if text not in TAGGED:
            continue
        brace = i + 1
        if brace < len(texts) and re.match(r"\w", texts[brace]):
            brace += 1
        if brace >= len(texts) or texts[brace] != "{":
            continue
        if brace == i + 2:
            found.tags.append(texts[i + 1])
        if text == "enum":
            found.constants += constants_after(texts, brace)


def constants_after(texts, brace):
    """Each name after the enum's brace, or after a comma of its own."""
    depth = 0
    for i in range(brace, len(texts)):
        if texts[i] in OPENING:
            depth += 1
        elif texts[i] in OPENING.values():
            depth -= 1
            if depth == 0:
                return
        if depth == 1 and texts[i] in ("{", ",") and texts[i + 1] != "}":
            yield texts[i + 1]


def look_outside(found, where):
    """Finds the function or the variables, or the types of a typedef."""
    outer = [text for text, depth in flat(found.tokens) if depth == 0]
    if found.begins("static_assert", "_Static_assert"):
        return
    # A type that is only defined or announced; attributes may follow.
    words = [text for text in outer if re.match(r"\w", text)]
    nameless = found.tokens[1].text == "{"
    if found.begins(*TAGGED) and len(words) <= (1 if nameless else 2):
        return
    if "(" in outer and "=" not in outer[: outer.index("(")]:
        look_at_call(found, outer, where)
    else:
        found.objects += variables_in(outer)


def look_at_call(found, outer, where):
    """Finds the function, or the pointer to one."""
    name = outer[outer.index("(") - 1]
    pointer = pointer_in([token.text for token in found.tokens])
    if pointer is not None:
        found.objects.append(pointer)
    elif NOT_FUNCTIONS.match(name) or found.begins("typedef"):
        words = " ".join(token.text for token in found.tokens[:12])
        raise Refused(f"{where}: cannot tell what is declared by: {words}")
    else:
        found.function = name


def pointer_in(texts):
    """NAME of a declarator of the form (*NAME)(...) or (*const NAME[])(...)."""
    at = texts.index("(")
    if texts[at + 1] != "*":
        return None
    at += 3 if texts[at + 2] == "const" else 2
    return texts[at] if texts[at + 1] in (")", "[") else None


def variables_in(outer):
    """The names before a comma or the end, without their first values."""
    names = []
    skipping = False
    for name, after in zip(outer, outer[1:]):
        if after in ("=", "[", ";", ",") and not skipping:
            if re.match(r"[A-Za-z_]", name):
                names.append(name)
        if after in ("=", ","):
            skipping = after == "="
    return names


def declarations_of(tokens, where):
    """All that the file declares or defines at its own scope."""
    declarations = []
    for places in pieces_of(tokens, where):
        found = Declaration([tokens[place] for place in places], places)
        body = found.tokens[-1].text == "}"
        if not body:
            look_inside(found)
        look_outside(found, where)
        declarations.append(found)
    return declarations


def macros_of(tokens):
    """The names that the file gives to macros, each once."""
    names = []
    line = []
    for token in tokens + [Token("newline", "\n", False)]:
        if token.directive and token.kind not in ("space", "comment"):
            line.append(token.text)
            continue
        if len(line) > 2 and line[1] == "define" and line[2] not in names:
            names.append(line[2])
        if not token.directive:
            line = []
    return names
