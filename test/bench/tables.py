#!/usr/bin/env python3
"""tables.py - results of the benchmark as the tables of docs/benchmarks.md.

    tables.py DIRECTORY [docs/benchmarks.md]

Reads all results*.json there as plot.py does, of which the newest counts where
a part is in several, and prints a table in Markdown for each part, in the order
in which the program measures them, or puts them into the page in place of those
that it has.  A row is a figure; engines that have no part in any of a table's
rows have no column in it.
"""

import glob
import json
import os
import sys

VALUE_SIZE = 100
BEFORE, BEHIND = "<!-- tables -->\n", "<!-- end of tables -->\n"
SCALES = ((1e6, " M"), (1e3, " k"), (1, ""))

TITLES = {
    "appends": "Durable appends",
    "batches": "Durable batches",
    "sizes": "Sizes of values",
    "opens": "Open",
    "relaxed": "Relaxed appends",
    "processes": "Several processes",
    "journal": "Look-ups, space, upkeep",
    "history": "A key as of a number",
    "questions": "Questions",
    "times": "Times",
    "retention": "Retention",
    "pruning": "Pruning beside appends",
    "beside": "Look-ups beside appends",
    "wakeups": "Wake-ups",
    "offered": "Seen by another process, at a fixed rate",
    "costs": "What an entry costs",
    "growth": "Growth",
    "grid": "All ways to append",
}

UNITS = {"/s": "entries/s", "us": "µs", "x": "×"}


def read_parts(directory):
    """For each part its rows, and what engines there are, in order."""
    parts, engines = {}, {}
    files = glob.glob(os.path.join(glob.escape(directory), "results*.json"))
    if not files:
        sys.exit("tables.py: no results*.json in " + directory)
    for name in sorted(files, key=os.path.getmtime):
        with open(name, encoding="utf-8") as file:
            results = json.load(file)
        if results["value_size"] != VALUE_SIZE:
            continue
        engines.update(results["engines"])
        fresh = {}
        for row in results["rows"]:
            fresh.setdefault(row["part"], []).append(row)
        parts.update(fresh)
    return parts, list(engines)


def figure(value):
    """Three digits, thousands and millions by their letter."""
    if value is None:
        return ""
    for scale, letter in SCALES:
        if abs(value) >= scale:
            break
    value /= scale
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{digits}f}{letter}"


def median(row, engine):
    spread = row.get(engine)
    return spread["median"] if isinstance(spread, dict) else None


def title_of(row, before):
    """The row's name; of one that goes on with the row before, the rest."""
    head, _, tail = row["name"].partition(": ")
    unit = UNITS.get(row["unit"], row["unit"])
    if tail and before == head:
        return f"… {tail}, {unit}"
    return f"{row['name']}, {unit}"


def bar_of(row, bar):
    """What the bar is, and what has become of it."""
    other = bar["of"].removeprefix("ratio to ")
    ratio = other != bar["of"]
    of = " × " + other if ratio else ""
    spread = row[bar["of"]]
    said = "reached" if bar["reached"] else "**missed**"
    if ratio or not bar["reached"]:
        said += ": " + figure(spread["median"])
        if spread["most"] > spread["least"]:
            said += (f" ({figure(spread['least'])} to "
                     f"{figure(spread['most'])})")
    sign = {"<=": "≤", ">=": "≥"}.get(bar["sign"], bar["sign"])
    return f"{sign} {figure(bar['limit'])}{of}", said


def table_of(part, rows, engines):
    here = [engine for engine in engines
            if any(median(row, engine) is not None for row in rows)]
    lines = [f"### {TITLES.get(part, part)} (`--part {part}`)", "",
             "| | " + " | ".join(here) + " | bar | |",
             "|---" * (len(here) + 3) + "|"]
    before = ""
    for row in rows:
        cells = [title_of(row, before)]
        cells += [figure(median(row, engine)) for engine in here]
        bars = [bar_of(row, bar) for bar in row["bars"]]
        cells.append(", ".join(bar for bar, _ in bars))
        cells.append(", ".join(said for _, said in bars))
        lines.append("| " + " | ".join(cells) + " |")
        before = row["name"].partition(": ")[0]
    return "\n".join(lines) + "\n"


def put_into(page, tables):
    with open(page, encoding="utf-8") as file:
        text = file.read()
    head, found, rest = text.partition(BEFORE)
    _, end, tail = rest.partition(BEHIND)
    if not found or not end:
        sys.exit(f"tables.py: {page} has no place for them")
    with open(page, "w", encoding="utf-8") as file:
        file.write(f"{head}{BEFORE}\n{tables}\n{BEHIND}{tail}")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    parts, engines = read_parts(sys.argv[1])
    order = list(TITLES)
    parts = sorted(parts.items(), key=lambda part: order.index(part[0])
                   if part[0] in TITLES else len(order))
    tables = "\n".join(table_of(part, rows, engines) for part, rows in parts)
    if len(sys.argv) == 3:
        put_into(sys.argv[2], tables)
    else:
        print(tables, end="")


if __name__ == "__main__":
    main()
