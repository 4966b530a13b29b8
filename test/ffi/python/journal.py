"""journal.py - libjournal for Python: ctypes alone, nothing to install.

    with Journal("accounts") as journal:
        journal.append(b"alice", b"10 EUR")
        for entry in journal.query(prefix=b"al"):
            print(entry.seq, entry.key, entry.value)

Keys, values and metas are bytes.  A call that fails raises: for one of the
library's own codes a subclass of JournalError, for an errno OSError, or what
Python has for it (ValueError, MemoryError).  Using a closed journal is a
ValueError, as for a file.  All may be used from several threads; ctypes lets
others run while a call lasts.
"""
from __future__ import annotations

import collections.abc
import ctypes
import os
import threading
import time
import typing
import warnings

from errors import (Busy, Conflict, Corrupt, End, Exists, Failed, Forked, Full,
                    Invalid, JournalError, NotFound, OutOfRange, Outdated,
                    Pruned, ReadOnly, Timeout, TooBig, Unsupported, check)
from layout import (NONE, EntryStruct, Options, Progress, Query, RecordStruct,
                    Report, Stat, library, unpack)

# ---- what goes in -----------------------------------------------------------

# As `expect`: the key must not be known yet.
NEW = NONE


class Stamp(typing.NamedTuple):
    time: int
    id: bytes


class Record(typing.NamedTuple):
    """An entry to be appended, and what has to hold for it to be."""

    key: bytes = b""
    value: bytes = b""
    meta: bytes = b""
    tombstone: bool = False
    expect: int | None = None      # the key's latest entry, or NEW
    expect_seq: int | None = None  # the number that this one gets
    stamp: Stamp | None = None     # not older than the one in force


def number(value):
    """ctypes would cut off what does not fit; None is JOURNAL_NONE."""
    if value is None:
        return NONE
    if not 0 <= value <= NONE:
        raise OverflowError(f"{value} is no 64-bit number")
    return value


def terminated(text):
    """Paths and names end with a NUL, so that they cannot hold one."""
    data = os.fsencode(text)
    if b"\0" in data:
        raise ValueError("embedded null byte")
    return data


def record_struct(record):
    flags = 1 * record.tombstone
    result = RecordStruct(key=bytes(record.key), key_size=len(record.key),
                          value=bytes(record.value),
                          value_size=len(record.value),
                          meta=bytes(record.meta), meta_size=len(record.meta))
    if record.expect is not None:
        flags |= 2
        result.expect = number(record.expect)
    if record.stamp is not None:
        flags |= 4
        result.stamp.time = number(record.stamp.time)
        result.stamp.id[:] = record.stamp.id
    if record.expect_seq is not None:
        flags |= 8
        result.expect_seq = number(record.expect_seq)
    result.flags = flags
    return result


def with_progress(progress, call):
    """Calls back; what PROGRESS raises stops the work and comes out here."""
    raised = []

    def told(_context, done, total):
        try:
            return 1 if progress(done, total) else 0
        except BaseException as error:  # must not go through C
            raised.append(error)
            return 1

    # Of a type that ctypes keeps alive for as long as the call lasts.
    try:
        call(Progress(told) if progress else Progress())
    finally:
        if raised:
            raise raised[0] from None


# ---- handles ----------------------------------------------------------------


class Handle:
    """A pointer of the library's, given back once: when it was closed and the
    last call on it, in whatever thread, is over.  Without a lock, which a
    fork() might copy while it is held: appending to a list is atomic."""

    def __init__(self, pointer, close, what):
        self.pointer = [pointer]
        self.give_back = close
        self.what = what
        self.calls = []
        self.closed = False

    def __enter__(self):
        self.calls.append(None)
        if self.closed:
            self.__exit__()
            raise ValueError(f"{self.what} is closed")
        return self.pointer[0]

    def __exit__(self, *_):
        self.calls.pop()
        self.settle()

    def close(self):
        self.closed = True
        self.settle()

    def settle(self):
        if self.closed and not self.calls:
            try:
                self.give_back(self.pointer.pop())
            except IndexError:
                pass  # another thread has


class Closing:
    """What has a Handle: closed by `with`, by close(), or when collected."""

    handle = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.handle.close()

    def __del__(self):
        if self.handle is not None and not self.handle.closed:
            warnings.warn(f"{self.handle.what} was not closed", ResourceWarning,
                          source=self)
            self.handle.close()


class Cursor(Closing):
    """Entries in turn.  An iterator, which may outlive its journal.  After
    Pruned or Corrupt it goes on behind what is missing."""

    BUFFER = 1 << 18

    def __init__(self, pointer):
        self.handle = Handle(pointer, library.journal_cursor_close, "cursor")
        self.turn = threading.Lock()  # a cursor serves a thread at a time
        self.buffer = ctypes.create_string_buffer(self.BUFFER)
        self.ready = iter(())

    def __iter__(self):
        return self

    def __next__(self):
        with self.turn:
            with self.handle:
                pass  # what is ready is for an open cursor alone
            for entry in self.ready:
                return entry
            piece, count = self.fill_buffer()
            if count == 0:
                raise StopIteration
            self.ready = unpack(piece)
            return next(self.ready)

    def __del__(self):
        # Abandoned in the middle of a loop, as iterators are.
        if self.handle is not None:
            self.handle.close()

    def fill(self, size):
        """As many packed entries as fit into SIZE bytes, or what the next one
        takes, and their number; (b"", 0) at the end."""
        with self.turn:
            if size != len(self.buffer):
                self.buffer = ctypes.create_string_buffer(max(size, 1))
            return self.fill_buffer(size)

    def fill_buffer(self, size=None):
        used, count = ctypes.c_size_t(), ctypes.c_size_t()
        size = len(self.buffer) if size is None else size
        while True:
            with self.handle as pointer:
                result = library.journal_fill(pointer, self.buffer, size,
                                              ctypes.byref(used),
                                              ctypes.byref(count))
            if result == End.code:
                return b"", 0
            if result != TooBig.code:
                check(result)
                return ctypes.string_at(self.buffer, used.value), count.value
            size = used.value
            self.buffer = ctypes.create_string_buffer(size)

    def step(self):
        """The next entry, by a call of its own; raises End."""
        entry = ctypes.POINTER(EntryStruct)()
        with self.turn, self.handle as pointer:
            check(library.journal_next(pointer, ctypes.byref(entry)))
            return entry.contents.copied()


class Marks(collections.abc.MutableMapping):
    """The journal's marks, as a mapping of names to numbers."""

    def __init__(self, journal):
        self.journal = journal

    def __getitem__(self, name):
        seq = ctypes.c_uint64()
        try:
            self.journal.call("journal_marked", terminated(name),
                              ctypes.byref(seq))
        except NotFound:
            raise KeyError(name) from None
        return seq.value

    def __setitem__(self, name, seq):
        self.journal.call("journal_mark", terminated(name), number(seq))

    def __delitem__(self, name):
        try:
            self.journal.call("journal_unmark", terminated(name))
        except NotFound:
            raise KeyError(name) from None

    def __iter__(self):
        name = ctypes.create_string_buffer(256)
        try:
            while True:
                self.journal.call("journal_next_mark", name, None)
                yield os.fsdecode(name.value)
        except End:
            return

    def __len__(self):
        return self.journal.stat().marks


# ---- journal ----------------------------------------------------------------


class Journal(Closing):
    """An open journal.

    new, existing, read_only, exclusive, immutable are the flags of
    journal_open(); what else may be given are fields of struct
    journal_options: first_seq, bytes_max, keep_entries, ...
    """

    FLAGS = "existing new read_only exclusive immutable".split()

    def __init__(self, path, *, durable=True, **options):
        given = Options()
        library.journal_options_init(ctypes.byref(given))
        given.durability = 0 if durable else 1
        for name, value in options.items():
            if name in self.FLAGS:
                given.flags |= bool(value) << self.FLAGS.index(name)
            elif name in dict(Options._fields_):
                setattr(given, name, number(value))
            else:
                raise TypeError(f"no option is called {name}")
        pointer = ctypes.c_void_p()
        check(library.journal_open(terminated(path), ctypes.byref(given),
                                   ctypes.byref(pointer)))
        self.handle = Handle(pointer, library.journal_close, "journal")
        self.marks = Marks(self)

    def call(self, function, *arguments):
        with self.handle as pointer:
            try:
                check(getattr(library, function)(pointer, *arguments))
            except ctypes.ArgumentError as error:
                raise TypeError(str(error)) from None

    def numbered(self, function, *arguments):
        """Calls what gives a number at its end."""
        result = ctypes.c_uint64()
        self.call(function, *arguments, ctypes.byref(result))
        return result.value

    # Appending: each gives the number of the (first) entry.

    def append(self, key, value, **more):
        """more: meta, expect, expect_seq, stamp, as a Record has them.

        An expectation that is None, as of a key that has no entry, is an error,
        and not an append without one.
        """
        for name in ("expect", "expect_seq"):
            if more.get(name, NEW) is None:
                raise TypeError(f"{name} is None; a key that must not be known "
                                "has NEW")
        if more:
            return self.append_batch([Record(key, value, **more)])
        return self.numbered("journal_append", key, len(key), value,
                             len(value))

    def append_batch(self, records):
        structs = [record_struct(record) for record in records]
        array = (RecordStruct * len(structs))(*structs)
        return self.numbered("journal_append_batch", array, len(structs))

    def append_packed(self, packed):
        """The number of the first entry, and how many there are."""
        count = ctypes.c_size_t()
        first = self.numbered("journal_append_packed", packed, len(packed),
                              ctypes.byref(count))
        return first, count.value

    def delete(self, key):
        return self.numbered("journal_delete", key, len(key))

    def sync(self):
        self.call("journal_sync")

    # Reading.

    def one(self, function, *arguments):
        entry = ctypes.POINTER(EntryStruct)()
        self.call(function, *arguments, ctypes.byref(entry))
        try:
            return entry.contents.copied()
        finally:
            library.journal_entry_free(entry)

    def get(self, key):
        """The latest entry of KEY; NotFound if there is none."""
        return self.one("journal_get", key, len(key))

    def get_at(self, key, limit):
        return self.one("journal_get_at", key, len(key), number(limit))

    def read(self, seq):
        return self.one("journal_read", number(seq))

    def find_time(self, time):
        return self.numbered("journal_find_time", number(time))

    def cursor(self, function, argument):
        pointer = ctypes.c_void_p()
        self.call(function, argument, ctypes.byref(pointer))
        return Cursor(pointer)

    def replay(self, first=None):
        return self.cursor("journal_replay", number(first))

    __iter__ = replay

    def query(self, *, key=None, prefix=None, expr=None, reverse=False,
              latest=False, live=False, follow=False, **limits):
        """limits: first, limit, since, until, first_revision."""
        query = Query()
        library.journal_query_init(ctypes.byref(query))
        query.flags = reverse | latest << 1 | live << 2 | follow << 3
        for match, wanted in enumerate((key, prefix, expr), 1):
            if wanted is not None:
                query.match = match
                query.key, query.key_size = bytes(wanted), len(wanted)
        for name, value in limits.items():
            if name not in ("first", "limit", "since", "until",
                            "first_revision"):
                raise TypeError(f"no limit is called {name}")
            setattr(query, name, number(value))
        return self.cursor("journal_query", ctypes.byref(query))

    def history(self, key):
        """The entries of KEY, newest first."""
        return self.query(key=key, reverse=True)

    def follow(self, timeout=None, **question):
        """What there is and what is appended from now on, for ever; ends when
        nothing has been appended for TIMEOUT seconds."""
        with self.query(follow=True, **question) as cursor:
            while True:
                # Before looking: an append after that ends the wait at once.
                size = self.stat().size
                yield from cursor
                try:
                    self.wait(size, timeout)
                except Timeout:
                    return

    def wait(self, seq, timeout=None):
        """Python acts on signals between calls: none of these is long."""
        left = float("inf") if timeout is None else timeout
        ends = time.monotonic() + left
        while True:
            try:
                self.call("journal_wait", number(seq),
                          int(min(max(left, 0), 0.1) * 10**9))
                return
            except Timeout:
                left = ends - time.monotonic()
                if left <= 0:
                    raise

    # Upkeep.

    def prune(self, before, *, keep_latest=False, past_marks=False):
        return self.numbered("journal_prune", number(before),
                             keep_latest | past_marks << 1)

    def rewind(self, size):
        self.call("journal_rewind", number(size))

    def stat(self):
        stat = Stat(struct_size=ctypes.sizeof(Stat))
        self.call("journal_stat", ctypes.byref(stat))
        return stat

    def verify(self, progress=None):
        """The report, and whether all is well."""
        report = Report(struct_size=ctypes.sizeof(Report))
        try:
            with_progress(progress, lambda told: self.call(
                "journal_verify", ctypes.byref(report), told, None))
        except Corrupt:
            return report, False
        return report, True

    def backup(self, path, progress=None):
        with_progress(progress, lambda told: self.call(
            "journal_backup", terminated(path), 0, told, None))


def salvage(source, target, progress=None):
    report = Report(struct_size=ctypes.sizeof(Report))
    with_progress(progress, lambda told: check(library.journal_salvage(
        terminated(source), terminated(target), ctypes.byref(report), told,
        None)))
    return report


def destroy(path):
    check(library.journal_destroy(terminated(path)))
