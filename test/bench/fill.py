#!/usr/bin/env python3
# fill.py - reads a whole history from Python, in one of several ways.
#
#   fill.py LIBRARY WAY PATH     prints the nanoseconds, entries, bytes and sum
#
# WAY is handed (buffers are filled, and no more), walked (and gone through from
# entry to entry), headers (each header taken apart), rows (each entry made a
# tuple of number, time, key and value), or sqlite (the same tuples, as the
# sqlite3 module makes them); check takes its time and adds up every byte.
import ctypes
import sqlite3
import struct
import sys
import time

BUFFER = 1 << 20
END = -1
HEADER = struct.Struct("<2I4Q4I")
PLACES = struct.Struct("<2I2Q16x3I4x")  # the same without prev and revision
STAMPED, STAMP = 4, 24
WORDS = struct.Struct("<14Q4B")  # 16 bytes of key, 100 of value


def open_journal(library, path):
    library.journal_open.argtypes = [ctypes.c_char_p, ctypes.c_void_p,
                                     ctypes.c_void_p]
    library.journal_replay.argtypes = [ctypes.c_void_p, ctypes.c_uint64,
                                       ctypes.c_void_p]
    library.journal_fill.argtypes = [ctypes.c_void_p, ctypes.c_void_p,
                                     ctypes.c_size_t, ctypes.c_void_p,
                                     ctypes.c_void_p]
    library.journal_cursor_close.argtypes = [ctypes.c_void_p]
    library.journal_cursor_close.restype = None
    journal = ctypes.c_void_p()
    demand(library.journal_open(path.encode(), None, ctypes.byref(journal)))
    return journal


def demand(result):
    if result != 0:
        sys.exit(f"fill.py: result {result}")


def fills(library, journal):
    """The buffer, and how much of it is used by how many entries."""
    buffer = ctypes.create_string_buffer(BUFFER)
    view = memoryview(buffer).cast("B")
    used, count = ctypes.c_size_t(), ctypes.c_size_t()
    cursor = ctypes.c_void_p()
    demand(library.journal_replay(journal, 2**64 - 1, ctypes.byref(cursor)))
    arguments = (cursor, buffer, BUFFER, ctypes.byref(used),
                 ctypes.byref(count))
    while (result := library.journal_fill(*arguments)) == 0:
        yield view, used.value, count.value
    library.journal_cursor_close(cursor)
    if result != END:
        demand(result)


def handed(library, journal):
    entries = 0
    for _, _, count in fills(library, journal):
        entries += count
    return entries


def walked(library, journal):
    entries = 0
    for view, used, _ in fills(library, journal):
        words = view.cast("I")
        at, end = 0, used // 4
        while at < end:
            at += words[at] // 4
            entries += 1
    return entries


def headers(library, journal):
    entries = 0
    unpack = HEADER.unpack_from
    for view, used, _ in fills(library, journal):
        at = 0
        while at < used:
            total, flags, seq, when, prev, revision, key, meta, value, _ = \
                unpack(view, at)
            at += total
            entries += 1
    return entries


def rows(library, journal):
    """As one writes it where every entry counts: in the loop itself."""
    entries = 0
    unpack, size = PLACES.unpack_from, PLACES.size
    for view, used, _ in fills(library, journal):
        data = view[:used].tobytes()
        at = 0
        while at < used:
            total, flags, seq, when, key, meta, value = unpack(data, at)
            begin = at + size
            if flags & STAMPED:
                begin += STAMP
            end = begin + key
            row = (seq, when, data[begin:end],
                   data[end + meta:end + meta + value])
            at += total
            entries += 1
    return entries


def select(path):
    connection = sqlite3.connect(path)
    return connection.execute(
        "SELECT seq, time, key, value FROM entries ORDER BY seq")


def sqlite(path):
    entries = 0
    for row in select(path):
        entries += 1
    return entries


def check(library, journal):
    entries = size = total = 0
    for view, used, _ in fills(library, journal):
        at = 0
        while at < used:
            step, flags, _, _, key, meta, value = PLACES.unpack_from(view, at)
            begin = at + PLACES.size + (STAMP if flags & STAMPED else 0)
            end = begin + key
            data = bytes(view[begin:end]) + \
                bytes(view[end + meta:end + meta + value])
            entries += 1
            size += len(data)
            total += sum(WORDS.unpack(data))
            at += step
    return entries, size, total % 2**64


def main():
    library = ctypes.CDLL(sys.argv[1])
    way, path = sys.argv[2], sys.argv[3]
    if way == "sqlite":
        what = (path,)
    else:
        what = (library, open_journal(library, path))
    if way == "check":
        print(0, *check(*what))
        return
    run = {"handed": handed, "walked": walked, "headers": headers,
           "rows": rows, "sqlite": sqlite}[way]
    run(*what)  # once without a clock: what is measured is memory, not the disk
    before = time.monotonic_ns()
    entries = run(*what)
    print(time.monotonic_ns() - before, entries, 0, 0)


main()
