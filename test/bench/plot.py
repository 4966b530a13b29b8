#!/usr/bin/env python3
"""plot.py - draws results of the benchmark as SVG, by gnuplot.

    plot.py DIRECTORY

Reads all results*.json there, of which the newest counts where a figure is in
several, and leaves the pictures beside them.  What was measured with values of
another size than usual stays out.  A panel whose figures have not been measured
is left out, and a picture that has no panel left is not drawn.
"""

import glob
import json
import os
import re
import subprocess
import sys

# One colour an engine, whatever else is in a picture; ours is the thick one.
COLOURS = {
    "libjournal": "#1f5fb4",
    "raw file": "#7f7f7f",
    "raw LMDB": "#2e9e4f",
    "SQLite": "#d9772b",
    "SQLite OFF": "#e8b27d",
    "LevelDB": "#b03a5b",
    "RocksDB": "#8658b8",
}

VALUE_SIZE = 100
RATE = "entries/s"
MICRO = "µs, less is better"
BYTES = "bytes, fewer are better"

# A panel: its title, what its values are, how its rows are called, and BARS if
# its places have no order.  The part in brackets is the place on the horizontal
# axis; amounts rise, and words stay in the order of the results.
BARS = True
PICTURES = {
    "threads": [
        ("Durable appends, by threads", RATE,
         r"durable append, (\d+) threads?"),
        ("Durable batches, by size", RATE, r"durable batches of (\d+)"),
    ],
    "processes": [
        ("Durable appends, by processes", RATE,
         r"durable append, (\d+) process(?:es)?"),
        ("Relaxed appends, by processes", RATE,
         r"relaxed append, (\d+) process(?:es)?"),
    ],
    "keys": [
        ("Relaxed appends, by distinct keys", RATE,
         r"relaxed append, (\w+) keys?: in the whole run"),
        ("The slowest in a thousand", MICRO,
         r"relaxed append, (\w+) keys?: p99.9"),
    ],
    "sizes": [
        ("Durable appends, by size of values", RATE, r"durable of (\d+ K?B)"),
        ("Relaxed appends, by size of values", RATE, r"relaxed of (\d+ K?B)"),
    ],
    "written": [
        ("Written for an entry of 116 bytes", BYTES,
         r"written, an entry, ([\w ]+)"),
        ("By calls of write()", BYTES,
         r"written, an entry, ([\w ]+): by calls"),
    ],
    "growth": [
        ("Latest entry of a key", MICRO, r"(\w+) entries filled: get"),
        ("Replay of everything", RATE, r"(\w+) entries filled: replay"),
        ("Open after a close", "ms, less is better",
         r"(\w+) entries filled: open after a close"),
        ("On disk, an entry", BYTES,
         r"(\w+) entries filled: on disk, an entry"),
    ],
    "reads": [
        ("Look-ups by key and by number", MICRO,
         r"(get|read|get by Zipf|read by Zipf),? (?:latest )?by (?:key|number)",
         BARS),
        ("Questions about the past", RATE,
         r"(?!prefix of)(history|prefix|latest|between times)"
         r"(?: of a key, 100 revisions| of every key|, 1%(?: of everything)?)", BARS),
    ],
}

# The same for figures that only we have, one line for each way.
OFFERED = {
    "title": "Seen by another process, at {} entries/s",
    "rates": ("1k", "10k"),
    "lines": (("relaxed", "#1f5fb4"), ("durable", "#2e9e4f"),
              ("by a pipe", "#7f7f7f")),
    "points": (("p50", ""), ("p99", ": p99"), ("p99.9", ": p99.9")),
}


def read_rows(directory):
    """What has been measured: figures by engine, by the name of the row."""
    rows = {}
    files = glob.glob(os.path.join(glob.escape(directory), "results*.json"))
    if not files:
        sys.exit("plot.py: no results*.json in " + directory)
    for name in sorted(files, key=os.path.getmtime):
        with open(name, encoding="utf-8") as file:
            results = json.load(file)
        if results["value_size"] == VALUE_SIZE:
            rows.update((row["name"], row) for row in results["rows"])
    return rows


def median(row, engine):
    figure = row.get(engine)
    return figure["median"] if isinstance(figure, dict) else None


def amount(place):
    """What "10k", "64 KB" or "no" comes to; 0 for words that are no amount."""
    match = re.fullmatch(r"(\d+) ?([kKM]?)B?", place)
    if not match:
        return 0
    return int(match[1]) * {"": 1, "M": 1000000}.get(match[2], 1000)


def series_of(rows, pattern):
    """The places, and for each engine its values there."""
    found = [(match.group(1), row) for name, row in rows.items()
             if (match := re.fullmatch(pattern, name))]
    found.sort(key=lambda pair: amount(pair[0]))
    lines = []
    for engine in COLOURS:
        values = [median(row, engine) for _, row in found]
        if any(value for value in values):
            lines.append((engine, COLOURS[engine], values))
    return [place for place, _ in found], lines


def offered_panels(rows):
    panels = []
    for rate in OFFERED["rates"]:
        lines = []
        for way, colour in OFFERED["lines"]:
            head = f"seen at {rate}/s, {way}, p50"
            values = [median(rows.get(head + tail, {}), "libjournal")
                      for _, tail in OFFERED["points"]]
            if any(values):
                lines.append((way, colour, values))
        if lines:
            places = [name for name, _ in OFFERED["points"]]
            panels.append((OFFERED["title"].format(rate), MICRO, places, lines,
                           not BARS))
    return panels


def panels_of(rows, picture):
    panels = []
    for title, unit, pattern, *bars in picture:
        places, lines = series_of(rows, pattern)
        if lines:
            panels.append((title, unit, places, lines, bool(bars)))
    return panels


def commands_for(panel, number):
    """What gnuplot is told of one panel, and the data."""
    title, unit, places, lines, bars = panel
    most = max(value for line in lines for value in line[2] if value)
    data = f"$data{number}"
    text = [f"{data} << END"]
    for i, place in enumerate(places):
        cells = [str(values[i]) if values[i] else "NaN"
                 for _, _, values in lines]
        label = place.replace(" by ", ", ")
        text.append(" ".join([f'"{label}"'] + cells))
    text += ["END", f'set title "{title}"', f'set ylabel "{unit}"',
             # Long numbers are said by their thousands.
             'set format y "%.0s%c"' if most >= 10000 else 'set format y "%g"',
             f"set xrange [-0.6:{len(places) - 0.4}]"]
    plots = []
    for i, (name, colour, _) in enumerate(lines):
        width = 3 if name == "libjournal" else 1.6
        style = (f"{i + 2}:xtic(1) with histogram fill solid" if bars else
                 f"0:{i + 2}:xtic(1) with linespoints lw {width} pt 7 ps 0.5")
        plots.append(f'{data} using {style} lc rgb "{colour}" title "{name}"')
    return "\n".join(text) + "\nplot " + ", \\\n  ".join(plots) + "\n"


def draw(name, panels, directory):
    columns = 2 if len(panels) > 1 else 1
    lines = (len(panels) + columns - 1) // columns
    path = os.path.join(directory, name + ".svg")
    script = (
        f'set terminal svg size {columns * 440},{lines * 330} dynamic '
        'font "sans-serif,12" background "white" name "bench"\n'
        "set output ARG1\nset encoding utf8\n"
        'set grid ytics lc rgb "#dddddd"\nset border 3 lc rgb "#555555"\n'
        'set tics nomirror\nset logscale y\n'
        "set key outside bottom center horizontal\n"
        f"set multiplot layout {lines},{columns}\n")
    script += "".join(commands_for(panel, i) for i, panel in enumerate(panels))
    script += "unset multiplot\n"
    done = subprocess.run(["gnuplot", "-c", "/dev/stdin", path],
                          input=script.encode(), check=False)
    if done.returncode != 0 or os.path.getsize(path) == 0:
        sys.exit(f"plot.py: gnuplot could not draw {path}")
    return path


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rows = read_rows(sys.argv[1])
    pictures = {name: panels_of(rows, picture)
                for name, picture in PICTURES.items()}
    pictures["offered"] = offered_panels(rows)
    for name, panels in pictures.items():
        if panels:
            print(draw(name, panels, sys.argv[1]))


if __name__ == "__main__":
    main()
