#!/usr/bin/env python3
"""test.py - a journal is written and replayed from Python, without bindings.

Of the interface it knows what journal.h says, and of the packed form that
drawing alone.
"""
import ctypes
import errno
import os
import struct
import sys

END, OUTDATED, TOO_BIG = -1, -6, -7
NONE = 2**64 - 1
TOMBSTONE, STAMPED = 1, 4

# total, flags, seq, time, prev, revision, key_size, meta_size, value_size, 0
HEADER = struct.Struct("<IIQQQQIIII")
STAMP = struct.Struct("<Q16s")


class JournalError(Exception):
    def __init__(self, result):
        super().__init__(f"result {result}")
        self.result = result


class Journal:
    """An open journal.  Calls that fail raise JournalError."""

    def __init__(self, library, path):
        self.library = library
        self.handle = ctypes.c_void_p()
        self.call("journal_open", os.fsencode(path), None,
                  ctypes.byref(self.handle))

    def close(self):
        self.library.journal_close(self.handle)
        self.handle = None

    def call(self, name, *arguments):
        result = getattr(self.library, name)(*arguments)
        if result != 0:
            raise JournalError(result)

    def append_packed(self, packed):
        """Returns the number of entries, and that of the first."""
        count, first = ctypes.c_size_t(), ctypes.c_uint64()
        self.call("journal_append_packed", self.handle, packed,
                  ctypes.c_size_t(len(packed)), ctypes.byref(count),
                  ctypes.byref(first))
        return count.value, first.value

    def pieces(self, size=1 << 18):
        """Yields all entries, a (bytes, count) for each call."""
        cursor = ctypes.c_void_p()
        self.call("journal_replay", self.handle, ctypes.c_uint64(NONE),
                  ctypes.byref(cursor))
        try:
            yield from self.filled(cursor, bytearray(size))
        finally:
            self.library.journal_cursor_close(cursor)

    def filled(self, cursor, buffer):
        used, count = ctypes.c_size_t(), ctypes.c_size_t()
        result = 0
        while result != END:
            size = len(buffer)
            result = self.library.journal_fill(
                cursor, (ctypes.c_char * size).from_buffer(buffer),
                ctypes.c_size_t(size), ctypes.byref(used), ctypes.byref(count))
            if result == 0:
                yield bytes(memoryview(buffer)[:used.value]), count.value
            elif result == TOO_BIG:
                buffer = bytearray(used.value)
            elif result != END:
                raise JournalError(result)


def load(path):
    library = ctypes.CDLL(path)
    library.journal_close.restype = None
    library.journal_cursor_close.restype = None
    return library


def pack(key=b"", value=b"", meta=b"", stamp=None, flags=0):
    head = b""
    if stamp is not None:
        head = STAMP.pack(*stamp)
        flags |= STAMPED
    data = head + key + meta + value
    total = (HEADER.size + len(data) + 7) // 8 * 8
    entry = HEADER.pack(total, flags, 0, 0, 0, 0, len(key), len(meta),
                        len(value), 0) + data
    return entry.ljust(total, b"\0")


def unpack(piece):
    """Yields (seq, flags, key, value, meta, stamp) of each entry of PIECE."""
    at, end = 0, len(piece)
    parse, header_size = HEADER.unpack_from, HEADER.size
    while at < end:
        (total, flags, seq, _, _, _, key_size, meta_size, value_size,
         _) = parse(piece, at)
        key = at + header_size
        stamp = None
        if flags & STAMPED:
            stamp = STAMP.unpack_from(piece, key)
            key += STAMP.size
        meta = key + key_size
        value = meta + meta_size
        yield (seq, flags, piece[key:meta], piece[value:value + value_size],
               piece[meta:value], stamp)
        at += total


# ---- claims -----------------------------------------------------------------

ENTRIES = [
    dict(key=b"key", value=b"value"),
    dict(value=b"without key"),
    dict(),
    dict(key=b"\xff\0\x01", value=bytes(range(256)), meta=b"me\0ta"),
    dict(key=b"stamped", value=b"v", stamp=(7, b"0123456789abcdef")),
    dict(key=b"key", flags=TOMBSTONE),
    dict(key=b"gone", meta=b"why", flags=TOMBSTONE, stamp=(1, b"\xff" * 16)),
] + [dict(key=b"padding", value=b"x" * i) for i in range(16)]


def as_unpacked(seq, key=b"", value=b"", meta=b"", stamp=None, flags=0):
    if stamp is not None:
        flags |= STAMPED
    return seq, flags, key, value, meta, stamp


def all_of(journal, size):
    return [entry for piece, count in journal.pieces(size)
            for entry in unpack(piece)]


def result_of(journal, packed):
    try:
        journal.append_packed(packed)
    except JournalError as error:
        return error.result
    return 0


def what_is_packed_in_python_comes_back(journal):
    packed = b"".join(pack(**entry) for entry in ENTRIES)
    assert journal.append_packed(packed) == (len(ENTRIES), 0)
    expected = [as_unpacked(i, **entry) for i, entry in enumerate(ENTRIES)]
    for size in 400, 1000, 1 << 18:
        assert all_of(journal, size) == expected, size


def a_buffer_that_is_too_small_tells_how_much_it_takes(journal):
    value = os.urandom(1 << 20)
    journal.append_packed(pack(b"small", b"1") + pack(b"big", value))
    for size in 0, 1, 64, 100000:
        assert [entry[3] for entry in all_of(journal, size)] == [b"1", value]


def each_piece_has_as_many_entries_as_it_says(journal):
    journal.append_packed(b"".join(pack(b"k", b"%d" % i) for i in range(1000)))
    for piece, count in journal.pieces(5000):
        assert len(list(unpack(piece))) == count
        assert len(piece) <= 5000


def a_piece_is_appended_as_it_is(journal):
    packed = b"".join(pack(**entry) for entry in ENTRIES)
    journal.append_packed(packed)
    (piece, count), = journal.pieces()
    assert journal.append_packed(piece) == (len(ENTRIES), len(ENTRIES))
    entries = [entry[1:] for entry in all_of(journal, 1 << 18)]
    assert entries[:count] == entries[count:]


def every_truncation_is_refused(journal):
    packed = pack(b"key", b"value", b"meta", (1, b"i" * 16))
    for size in range(len(packed)):
        assert result_of(journal, packed[:size]) == errno.EINVAL, size
        assert result_of(journal, packed + packed[:size]) == (
            errno.EINVAL if size > 0 else 0), size
    assert len(all_of(journal, 1 << 18)) == 1


def an_older_stamp_is_outdated(journal):
    assert result_of(journal, pack(b"k", b"", stamp=(2, b"\0" * 16))) == 0
    assert result_of(journal, pack(b"other") +
                     pack(b"k", b"", stamp=(1, b"\0" * 16))) == OUTDATED
    assert len(all_of(journal, 1 << 18)) == 1


CLAIMS = [
    what_is_packed_in_python_comes_back,
    a_buffer_that_is_too_small_tells_how_much_it_takes,
    each_piece_has_as_many_entries_as_it_says,
    a_piece_is_appended_as_it_is,
    every_truncation_is_refused,
    an_older_stamp_is_outdated,
]


def test(library, directory):
    failed = 0
    for claim in CLAIMS:
        journal = Journal(library, os.path.join(directory, claim.__name__))
        try:
            claim(journal)
        except (AssertionError, JournalError) as error:
            print(f"{claim.__name__}: {type(error).__name__} {error}")
            failed += 1
        journal.close()
    print(f"{len(CLAIMS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(test(load("libjournal.so.0"), os.environ["JOURNAL_WORK"]))
