"""layout.py - what journal.h declares, as ctypes needs to be told."""
from __future__ import annotations

import ctypes
import struct
import typing
from ctypes import (POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint8,
                    c_uint32, c_uint64, c_void_p)

NONE = 2**64 - 1
TOMBSTONE, STAMPED = 1, 4


class Entry(typing.NamedTuple):
    """An entry as it was read: all of it Python's own."""

    seq: int
    time: int          # nanoseconds since 1970 UTC
    prev: int | None
    revision: int
    key: bytes
    value: bytes
    meta: bytes
    tombstone: bool
    stamp: tuple | None  # (time, id)


def fields(kinds):
    """c_uint64 of "u64 first size", and so on."""
    types = {"u32": c_uint32, "u64": c_uint64, "id": c_uint8 * 16}
    return [(name, types[words.split()[0]])
            for words in kinds.split(",") for name in words.split()[1:]]


class Options(ctypes.Structure):
    _fields_ = fields("u32 struct_size flags mode durability, u64 first_seq"
                      " bytes_max keep_entries keep_bytes keep_ns tail_bytes")


class StampStruct(ctypes.Structure):
    _fields_ = fields("u64 time, id id")


class RecordStruct(ctypes.Structure):
    # Fields of bytes keep what they are given alive.
    _fields_ = [("key", c_char_p), ("key_size", c_size_t),
                ("value", c_char_p), ("value_size", c_size_t),
                ("meta", c_char_p), ("meta_size", c_size_t),
                *fields("u32 flags reserved, u64 expect expect_seq"),
                ("stamp", StampStruct)]


class EntryStruct(ctypes.Structure):
    # Not c_char_p, of which ctypes makes bytes that end at the first NUL.
    _fields_ = [*fields("u64 seq time prev revision, u32 flags reserved"),
                ("stamp", StampStruct),
                ("key", c_void_p), ("key_size", c_size_t),
                ("value", c_void_p), ("value_size", c_size_t),
                ("meta", c_void_p), ("meta_size", c_size_t)]

    def copied(self):
        stamp = None
        if self.flags & STAMPED:
            stamp = self.stamp.time, bytes(self.stamp.id)
        return Entry(self.seq, self.time,
                     None if self.prev == NONE else self.prev, self.revision,
                     ctypes.string_at(self.key, self.key_size),
                     ctypes.string_at(self.value, self.value_size),
                     ctypes.string_at(self.meta, self.meta_size),
                     bool(self.flags & TOMBSTONE), stamp)


class Query(ctypes.Structure):
    _fields_ = [*fields("u32 struct_size flags match reserved"),
                ("key", c_char_p), ("key_size", c_size_t),
                *fields("u64 first limit since until first_revision")]


class Stat(ctypes.Structure):
    _fields_ = fields("u32 struct_size flags, u64 first size durable_size"
                      " entries keys tombstones bytes_logical bytes_used"
                      " bytes_file bytes_max tail_bytes_used tail_bytes"
                      " first_time last_time format, id id, u64 marks")


class Report(ctypes.Structure):
    _fields_ = fields("u32 struct_size flags, u64 entries_checked entries_bad"
                      " index_bad links_bad pages_bad first_bad salvaged"
                      " tail_records tail_bytes_discarded")


Progress = ctypes.CFUNCTYPE(c_int, c_void_p, c_uint64, c_uint64)

# ---- calls ------------------------------------------------------------------

BYTES = c_char_p, c_size_t
OUT = c_void_p  # the address of something; NULL where that is allowed
INT_CALLS = {
    "open": (c_char_p, OUT, OUT),
    "destroy": (c_char_p,),
    "append": (c_void_p, *BYTES, *BYTES, OUT),
    "append_batch": (c_void_p, POINTER(RecordStruct), c_size_t, OUT),
    "append_packed": (c_void_p, *BYTES, OUT, OUT),
    "delete": (c_void_p, *BYTES, OUT),
    "sync": (c_void_p,),
    "get": (c_void_p, *BYTES, OUT),
    "get_at": (c_void_p, *BYTES, c_uint64, OUT),
    "read": (c_void_p, c_uint64, OUT),
    "find_time": (c_void_p, c_uint64, OUT),
    "replay": (c_void_p, c_uint64, OUT),
    "query": (c_void_p, POINTER(Query), OUT),
    "next": (c_void_p, OUT),
    "fill": (c_void_p, c_void_p, c_size_t, OUT, OUT),
    "wait": (c_void_p, c_uint64, c_int64),
    "prune": (c_void_p, c_uint64, c_uint32, OUT),
    "rewind": (c_void_p, c_uint64),
    "mark": (c_void_p, c_char_p, c_uint64),
    "marked": (c_void_p, c_char_p, OUT),
    "unmark": (c_void_p, c_char_p),
    "next_mark": (c_void_p, c_char_p, OUT),
    "stat": (c_void_p, POINTER(Stat)),
    "verify": (c_void_p, POINTER(Report), Progress, c_void_p),
    "backup": (c_void_p, c_char_p, c_uint32, Progress, c_void_p),
    "salvage": (c_char_p, c_char_p, POINTER(Report), Progress, c_void_p),
    "expr_check": BYTES,
    "expr_matches": (*BYTES, *BYTES),
}
OTHER_CALLS = {
    "options_init": (None, POINTER(Options)),
    "query_init": (None, POINTER(Query)),
    "close": (None, c_void_p),
    "cursor_close": (None, c_void_p),
    "entry_free": (None, POINTER(EntryStruct)),
    "strerror": (c_char_p, c_int),
    "errname": (c_char_p, c_int),
    "version": (c_uint32,),
    "version_string": (c_char_p,),
}


def declare(name, result, arguments):
    call = getattr(library, "journal_" + name)
    call.restype, call.argtypes = result, arguments


library = ctypes.CDLL("libjournal.so.0")
for name, arguments in INT_CALLS.items():
    declare(name, c_int, arguments)
for name, (result, *arguments) in OTHER_CALLS.items():
    declare(name, result, arguments)

# ---- packed form ------------------------------------------------------------

# total, flags, seq, time, prev, revision, key_size, meta_size, value_size, 0
HEADER = struct.Struct("<IIQQQQIIII")
STAMP = struct.Struct("<Q16s")


def pack(key=b"", value=b"", meta=b"", stamp=None, tombstone=False):
    flags = TOMBSTONE * tombstone
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
    """Yields each entry of PIECE, which journal_fill() has written."""
    at, end = 0, len(piece)
    while at < end:
        (total, flags, seq, time, prev, revision, key_size, meta_size,
         value_size, _) = HEADER.unpack_from(piece, at)
        key = at + HEADER.size
        stamp = None
        if flags & STAMPED:
            stamp = STAMP.unpack_from(piece, key)
            key += STAMP.size
        meta = key + key_size
        value = meta + meta_size
        yield Entry(seq, time, None if prev == NONE else prev, revision,
                    piece[key:meta], piece[value:value + value_size],
                    piece[meta:value], bool(flags & TOMBSTONE), stamp)
        at += total
