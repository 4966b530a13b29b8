#!/usr/bin/env python3
"""coverage.py - which lines and branches of lib/ no test visits.

  coverage.py BUILD [LIST]    compares what gcov counted below BUILD with LIST,
                              test/coverage/uncovered.txt
  coverage.py --update BUILD [LIST]
                              writes LIST anew; new places get the reason "?",
                              with which the comparison fails
  coverage.py --chance BUILD [LIST]
                              what LIST has and this run has visited, where
                              another had not, is visited `at times`

LIST names each place that is not visited, and why not.  An entry is

  FILE FUNCTION, WHAT: REASON
      SOURCE TEXT
      ...

with WHAT one of `lines` or `branches 1 2 of 4`, with `, at times` behind it
where chance has a say, as it always has where REASON begins with [chance].
Places are found by their text, so that edits beside them change nothing; where
a function has the same line more than once, `  #2` behind it says which.
REASON may be a tag, as in `[memory]`, that a line `[memory] WORDS` says more
of.

What fails: a place that is not visited and not in LIST, one in LIST that is
gone, and one without a reason.  One in LIST that is visited by now is told of
only, for chance can lead there; --update takes it out.
"""
import collections
import glob
import json
import os
import re
import subprocess
import sys

DEFAULT_LIST = "test/coverage/uncovered.txt"
ENTRY = re.compile(
    r"^(\S+) (\S+), (lines|branches ([\d ]+) of (\d+))(, at times)?: (.+)$")
TAG = re.compile(r"^\[([\w-]+)\] +(.+)$")


class Line:
    """What gcov says of a line, over all objects that it went into."""

    def __init__(self):
        self.count = 0
        self.function = None
        self.branches = []

    def add(self, found):
        self.count += found["count"]
        self.function = found.get("function_name", self.function)
        counts = [branch["count"] for branch in found["branches"]]
        if len(counts) > len(self.branches):
            self.branches += [0] * (len(counts) - len(self.branches))
        for i, count in enumerate(counts):
            self.branches[i] += count


# A place: file, function and text with its number among equals; branch is None
# for the line itself, else which of how many.
Place = collections.namedtuple("Place", "file function text branch total")


def assertions(path):
    """The numbers of the lines of FILE that assert something."""
    numbers, inside = set(), False
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            inside = inside or text.startswith("assert(")
            if inside:
                numbers.add(number)
            inside = inside and not text.endswith(";")
    return numbers


def read_counts(build):
    """The lines of lib/, by file and number, but those that assert."""
    lines, asserting = collections.defaultdict(Line), {}
    notes = sorted(glob.glob(os.path.join(build, "lib", "*", "*.gcno")))
    if not notes:
        sys.exit(f"coverage: nothing was built in {build}")
    output = subprocess.run(["gcov", "-j", "-b", "-t"] + notes, check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    for document in output.splitlines():
        for file in json.loads(document)["files"]:
            name = file["file"]
            if not re.match("lib/(?!cli/)", name):
                continue
            if name not in asserting:
                asserting[name] = assertions(name)
            for found in file["lines"]:
                if found["line_number"] not in asserting[name]:
                    lines[name, found["line_number"]].add(found)
    return lines


def name_texts(lines):
    """The text of each line, numbered where its function has several."""
    sources, seen, texts = {}, collections.Counter(), {}
    for file, number in sorted(lines):
        if file not in sources:
            with open(file, encoding="utf-8") as source:
                sources[file] = source.read().split("\n")
        text = sources[file][number - 1].strip()
        function = lines[file, number].function
        seen[file, function, text] += 1
        again = seen[file, function, text]
        texts[file, number] = text if again == 1 else f"{text}  #{again}"
    return texts


def places_of(lines, texts):
    """(not visited, visited), each a list of places in order of the source."""
    missed, visited = [], []
    for key in sorted(lines):
        line, file = lines[key], key[0].removeprefix("lib/")
        total = len(line.branches)
        (visited if line.count else missed).append(
            Place(file, line.function, texts[key], None, None))
        for i, count in enumerate(line.branches):
            if line.count:
                (visited if count else missed).append(
                    Place(file, line.function, texts[key], i + 1, total))
    return missed, visited


class Reasons:
    """The list, and what its tags stand for."""

    def __init__(self):
        self.head = []
        self.tags = {}
        self.of = {}        # Place -> reason
        self.at_times = set()

    def take_entry(self, match, texts, where):
        file, function, what, branches, total, at_times, reason = match.groups()
        if not texts:
            sys.exit(f"{where}: an entry without source text")
        for text in texts:
            for branch in (branches or "0").split():
                place = Place(file, function, text, int(branch) or None,
                              int(total) if total else None)
                self.of[place] = reason
                if at_times:
                    self.at_times.add(place)


def read_list(path):
    reasons, match, texts = Reasons(), None, []
    with open(path, encoding="utf-8") as file:
        rows = file.read().split("\n")
    for number, row in enumerate(rows + ["#"], 1):
        where = f"{path}:{number}"
        if row.startswith("    ") and match:
            texts.append(row.strip())
            continue
        if match:
            reasons.take_entry(match, texts, where)
        match, texts = ENTRY.match(row), []
        tag = TAG.match(row)
        if tag:
            reasons.tags[tag[1]] = tag[2]
        if not match and not reasons.of and number <= len(rows):
            reasons.head.append(row)
        elif not match and row and not row.startswith("#"):
            sys.exit(f"{where}: not understood: {row}")
    return reasons


def what_of(place):
    if place.branch is None:
        return "line"
    return f"branch {place.branch} of {place.total}"


def describe(place):
    return (f"{place.file} {place.function}, {what_of(place)}:\n"
            f"    {place.text}")


def compare(missed, visited, reasons):
    """Prints what differs; returns (as listed, not as listed)."""
    good, bad = 0, 0
    known, unvisited = set(visited), set(missed)
    for place in missed:
        reason = reasons.of.get(place)
        tag = re.match(r"^\[([\w-]+)\]", reason or "")
        if reason is None:
            print(f"not visited, and not in the list: {describe(place)}")
        elif reason.startswith("?") or (tag and tag[1] not in reasons.tags):
            print(f"in the list without a reason: {describe(place)}")
        else:
            good += 1
            continue
        bad += 1
    for place in reasons.of:
        at_times = place in reasons.at_times or reasons.of[
            place].startswith("[chance]")
        if place in unvisited or (place in known and at_times):
            continue
        state = "visited by now" if place in known else "not in the source"
        print(f"in the list, but {state}: {describe(place)}")
        bad += place not in known
    return good, bad


def entries_for(missed, reasons):
    """The places, in groups with file, function, what and reason in common."""
    groups = []
    by_line = collections.OrderedDict()
    for place in missed:
        reason = reasons.of.get(place, "?")
        key = (place.file, place.function, place.text, place.total, reason,
               place in reasons.at_times)
        by_line.setdefault(key, []).append(place.branch)
    for key, branches in by_line.items():
        file, function, text, total, reason, at_times = key
        what = "lines"
        if total:
            what = f"branches {' '.join(map(str, branches))} of {total}"
        head = (file, function, what, at_times, reason)
        if groups and groups[-1][0] == head:
            groups[-1][1].append(text)
        else:
            groups.append((head, [text]))
    return groups


def write_list(path, missed, visited, reasons):
    here = set(missed)
    kept = [place for place in visited if place in reasons.at_times]
    order = {place: i for i, place in enumerate(missed + kept)}
    places = sorted(here | set(kept),
                    key=lambda place: (place.file, place.function,
                                       order[place]))
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(reasons.head).rstrip("\n") + "\n")
        for head, texts in entries_for(places, reasons):
            at_times = ", at times" if head[3] else ""
            file.write(f"\n{head[0]} {head[1]}, {head[2]}{at_times}: "
                       f"{head[4]}\n")
            file.writelines(f"    {text}\n" for text in texts)


def print_table(lines):
    sums = collections.defaultdict(lambda: [0, 0, 0, 0])
    for (file, _), line in lines.items():
        for name in (file, "lib/"):
            row = sums[name]
            row[0] += line.count > 0
            row[1] += 1
            row[2] += sum(count > 0 for count in line.branches)
            row[3] += len(line.branches)
    total = sums.pop("lib/")
    print(f"{'file':32} {'lines':>18} {'branches':>18}")
    for name, row in sorted(sums.items()) + [("all", total)]:
        print(f"{name:32}" + "".join(
            f" {part:5}/{whole:5} {100 * part / max(whole, 1):5.1f}%"
            for part, whole in ((row[0], row[1]), (row[2], row[3]))))


def main(arguments):
    option = arguments.pop(0) if arguments[:1] in (["--update"],
                                                   ["--chance"]) else None
    if not 1 <= len(arguments) <= 2:
        sys.exit(__doc__)
    path = arguments[1] if len(arguments) > 1 else DEFAULT_LIST
    lines = read_counts(arguments[0])
    missed, visited = places_of(lines, name_texts(lines))
    reasons = read_list(path)
    if option == "--chance":
        reasons.at_times |= set(visited) & set(reasons.of)
        missed = [place for place in missed if place in reasons.of]
    if option:
        write_list(path, missed, visited, reasons)
        return 0
    print_table(lines)
    good, bad = compare(missed, visited, reasons)
    print(f"coverage: {good} passed, {bad} failed")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
