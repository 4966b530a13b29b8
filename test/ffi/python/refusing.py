"""refusing.py - claims of what is refused, and of what misuse comes to."""
import ctypes
import errno
import gc
import os
import threading
import warnings

import errors
import journal
from claims import claim, raises
from journal import NEW, Journal, Record, Stamp
from layout import NONE, Options, library, pack
from using import filled, numbers


@claim
def each_code_has_an_exception_name_and_text(_path):
    assert sorted(errors.ERRORS) == list(range(-16, 0))
    texts = set()
    for code, kind in errors.ERRORS.items():
        error = errors.exception_of(code)
        assert type(error) is kind and error.code == code
        words = "".join(w.capitalize() for w in error.name.split("_")[1:])
        assert words == kind.__name__, error.name
        assert str(error) == error.text
        texts.add(error.text)
    assert len(texts) == 16
    assert errors.name_of(0) == "OK" and errors.name_of(-99) == "UNKNOWN"
    assert errors.name_of(errno.EIO) == "EIO"
    assert isinstance(errors.exception_of(errno.ENOENT), FileNotFoundError)
    assert isinstance(errors.exception_of(errno.ENOMEM), MemoryError)
    assert isinstance(errors.exception_of(errno.EINVAL), ValueError)
    assert type(errors.exception_of(-99)) is journal.JournalError


@claim
def opening_refuses(path):
    with raises(journal.NotFound):
        Journal(path, existing=True)
    with raises(journal.NotFound):
        Journal(path, read_only=True)
    assert not os.path.exists(path)
    with raises(FileNotFoundError):
        Journal(path + "/none/deeper")
    for hostile, kind in ((b"", journal.Invalid), (b"x" * 5000, OSError),
                          (b"/dev/null/x", journal.Unsupported),
                          (b"/dev/null", journal.Unsupported),
                          (b"\xff" * 300, OSError)):
        with raises(kind):
            Journal(hostile)
    with raises(ValueError):
        Journal(path + "\0hidden")
    for wrong in ({"new": True, "existing": True}, {"immutable": True},
                  {"first_seq": NONE}, {"struct_size": 3}, {"flags": 1 << 31}):
        with raises(journal.Invalid):
            Journal(path, **wrong)
    with raises(TypeError):
        Journal(path, colour="red")
    with raises(OverflowError):
        Journal(path, first_seq=-1)
    assert not os.path.exists(path)


@claim
def what_is_there_already_is_told(path):
    Journal(path).close()
    with raises(journal.Exists):
        Journal(path, new=True)
    os.mkdir(path + ".other")
    with open(path + ".other/data.mdb", "w") as file:
        file.write("mine")
    with raises(journal.Unsupported):
        Journal(path + ".other")


@claim
def options_of_another_release_are_told_apart(path):
    class Longer(ctypes.Structure):
        _fields_ = [("options", Options), ("more", ctypes.c_uint64)]

    longer, pointer = Longer(), ctypes.c_void_p()
    library.journal_options_init(ctypes.byref(longer.options))
    assert longer.options.struct_size == ctypes.sizeof(Options)
    longer.options.struct_size = ctypes.sizeof(Longer)
    longer.more = 1
    arguments = os.fsencode(path), ctypes.byref(longer), ctypes.byref(pointer)
    assert library.journal_open(*arguments) == errno.EINVAL
    longer.more = 0
    assert library.journal_open(*arguments) == 0
    library.journal_close(pointer)


@claim
def reading_refuses(path):
    with filled(path) as j:
        j.prune(4)
        for seq, kind in ((3, journal.Pruned), (10, journal.OutOfRange)):
            with raises(kind):
                j.read(seq)
        for call, kind in ((lambda: j.replay(3), journal.Pruned),
                           (lambda: j.replay(11), journal.OutOfRange),
                           (lambda: j.query(limit=11), journal.OutOfRange),
                           (lambda: j.get(b"none"), journal.NotFound),
                           (lambda: j.get(b""), journal.Invalid),
                           (lambda: j.get(b"k" * 65536), journal.TooBig),
                           (lambda: j.get_at(b"k/0", 4), journal.Pruned),
                           (lambda: j.query(expr=b"a//b"), journal.Invalid),
                           (lambda: j.query(expr=b"a/*?"), journal.Invalid)):
            with raises(kind):
                call()
        with raises(journal.Invalid):
            j.query(follow=True, reverse=True)


@claim
def appending_refuses(path):
    with Journal(path) as j:
        j.append_batch([Record(b"k", b"1", stamp=Stamp(5, b"i" * 16))])
        for records, kind in (
                ([], journal.Invalid),
                ([Record(tombstone=True)], journal.Invalid),
                ([Record(b"k", b"value", tombstone=True)], journal.Invalid),
                ([Record(b"k" * 65536)], journal.TooBig),
                ([Record(b"k", meta=b"m" * 65536)], journal.TooBig),
                ([Record(b"k", expect=NEW)], journal.Conflict),
                ([Record(b"k", expect=7)], journal.Conflict),
                ([Record(b"k", expect_seq=2)], journal.Conflict),
                ([Record(b"a"), Record(b"k", stamp=Stamp(4, b"z" * 16))],
                 journal.Outdated)):
            with raises(kind):
                j.append_batch(records)
        assert j.append_batch([Record(b"k", expect=0, expect_seq=1),
                               Record(b"new", expect=NEW)]) == 1
        with raises(journal.Conflict):
            j.append(b"k", b"v", expect=0)
        with raises(TypeError):
            j.append(b"k", b"v", expected=1)
        for name in "expect", "expect_seq":
            with raises(TypeError):
                j.append(b"k", b"v", **{name: None})
        with raises(TypeError):
            j.append("text", b"")
        with raises(ValueError):
            j.append_batch([Record(b"k", stamp=Stamp(9, b"short"))])
        assert j.stat().size == 3


@claim
def every_truncation_is_refused(path):
    packed = pack(b"key", b"value", b"meta", (1, b"i" * 16))
    with Journal(path, durable=False) as j:
        for size in range(len(packed)):
            with raises(journal.Invalid):
                j.append_packed(packed[:size])
            if size > 0:
                with raises(journal.Invalid):
                    j.append_packed(packed + packed[:size])
        assert j.stat().size == 0


@claim
def a_read_only_journal_is_not_changed(path):
    filled(path).close()
    with Journal(path, read_only=True) as j:
        for call in (lambda: j.append(b"k", b""), lambda: j.delete(b"k"),
                     lambda: j.prune(1), lambda: j.rewind(1),
                     lambda: j.marks.update(m=1), j.sync,
                     lambda: j.append_packed(pack(b"k"))):
            with raises(journal.ReadOnly):
                call()
        assert numbers(j.replay()) == list(range(10))


@claim
def a_full_journal_can_be_pruned(path):
    with Journal(path, durable=False, bytes_max=1 << 20) as j:
        with raises(journal.Full):
            while True:
                j.append(b"k", bytes(10000))
        size = j.stat().size
        assert j.stat().entries == size > 10 and j.prune(NONE) == size
        assert j.append(b"k", bytes(10000)) == size


@claim
def others_are_told_that_it_is_busy(path):
    with Journal(path, exclusive=True) as j:
        with raises(journal.Busy):
            journal.destroy(path)
        assert in_child(lambda: open_as_other(j, path)) == journal.Busy.code
    journal.destroy(path)
    assert not os.path.exists(path)
    with raises(journal.NotFound):
        journal.destroy(path)


@claim
def files_replaced_under_a_handle_are_noticed(path):
    with filled(path) as j:
        os.rename(path, path + ".away")
        filled(path, 3).close()
        with raises(OSError):
            j.append(b"k", b"")


@claim
def damage_is_told_and_the_rest_salvaged(path):
    with Journal(path) as j:
        j.append_batch([Record(b"k%d" % i, b"value %d." % i * 100)
                        for i in range(20)])
    with open(path + "/data.mdb", "r+b") as file:
        at = file.read().index(b"value 7." * 50)
        file.seek(at)
        file.write(b"V")
    with Journal(path) as j:
        with raises(journal.Corrupt):
            j.read(7)
        assert j.read(8).value == b"value 8." * 100
        report, well = j.verify()
        assert not well and report.first_bad == 7 and report.entries_bad == 1
        with j.replay() as cursor:
            assert [next(cursor).seq for _ in range(7)] == list(range(7))
            with raises(journal.Corrupt):
                next(cursor)
            assert [e.seq for e in cursor] == list(range(8, 20))
    report = journal.salvage(path, path + ".saved")
    assert report.salvaged == 19 and report.first_bad == 7
    with Journal(path + ".saved") as j:
        assert numbers(j.replay(8)) == list(range(8, 20))
        with raises(journal.Pruned):
            j.read(7)


@claim
def what_is_pruned_under_a_cursor_is_told_once(path):
    with Journal(path, durable=False) as j:
        for i in range(20):
            j.append_batch([Record(b"k", bytes(1 << 20))])
        with j.replay() as cursor:
            assert next(cursor).seq == 0
            j.prune(18)
            seen = []
            with raises(journal.Pruned):
                for entry in cursor:
                    seen.append(entry.seq)
            assert seen == list(range(1, 1 + len(seen))) and len(seen) < 18
            assert [entry.seq for entry in cursor] == [18, 19]


@claim
def long_work_can_be_cancelled(path):
    class Enough(Exception):
        pass

    def stop(_done, _total):
        raise Enough

    with filled(path, 1000) as j:
        for work in (j.verify, lambda how: j.backup(path + ".copy", how)):
            with raises(Enough):
                work(stop)
            with raises(OSError):  # ECANCELED
                work(lambda done, total: True)
        with raises(Enough):
            j.verify(lambda done, total: j.get(b"k/0") and stop(done, total))
    with raises(Enough):
        journal.salvage(path, path + ".copy", stop)
    assert not os.path.exists(path + ".copy")


@claim
def a_closed_journal_is_a_value_error(path):
    j = filled(path)
    cursor = j.replay()
    assert next(cursor).seq == 0
    j.close()
    j.close()
    for call in (lambda: j.append(b"k", b""), lambda: j.get(b"k"), j.stat,
                 j.replay, lambda: j.marks["m"], lambda: list(j.marks)):
        with raises(ValueError):
            call()
    assert [entry.seq for entry in cursor] == list(range(1, 10))
    assert list(cursor) == list(cursor) == []
    with raises(journal.End):
        cursor.step()
    cursor.close()
    cursor.close()
    with raises(ValueError):
        next(cursor)


@claim
def closing_waits_for_calls_in_progress(path):
    j = Journal(path)
    results = []

    def wait():
        try:
            j.wait(0, 30)
        except ValueError:
            results.append("closed")

    thread = threading.Thread(target=wait)
    thread.start()
    while not j.handle.calls:
        pass
    j.close()
    with raises(ValueError):
        j.stat()
    thread.join()
    assert results == ["closed"]
    journal.destroy(path)  # so nobody has it open


@claim
def what_is_not_closed_is_collected(path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(50):
            j = filled(path, 3)
            next(j.replay())
            circle = [j]
            circle.append(circle)
        del j, circle
        gc.collect()
    assert sum(w.category is ResourceWarning for w in caught) == 50
    journal.destroy(path)


@claim
def four_threads_get_dense_numbers(path):
    got = []

    def work(who):
        got.append([j.append(b"%d" % who, b"%d" % i) for i in range(100)])

    with Journal(path) as j:
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(mine == sorted(mine) for mine in got)
        assert sorted(sum(got, [])) == list(range(400))
        for who in range(4):
            assert [int(e.value) for e in j.query(key=b"%d" % who)] == list(
                range(100))


def in_child(call):
    """What CALL gives in a forked child, of a byte."""
    child = os.fork()
    if child == 0:
        result = 99
        try:
            result = call()
        finally:
            os._exit(result & 127)
    status = os.waitpid(child, 0)[1]
    assert os.WIFEXITED(status), status
    return os.WEXITSTATUS(status) - 128 if os.WEXITSTATUS(status) > 63 else 0


def open_as_other(inherited, path):
    inherited.close()
    try:
        Journal(path).close()
    except journal.JournalError as error:
        return error.code
    return 0


@claim
def a_forked_child_is_told_and_opens_its_own(path):
    def use():
        try:
            j.append(b"k", b"child")
        except journal.Forked:
            j.close()
            with Journal(path) as own:
                own.append(b"k", b"of my own")
            return 0
        return journal.Forked.code

    with filled(path) as j:
        assert in_child(use) == 0
        assert j.get(b"k").value == b"of my own" and j.append(b"k", b"") == 11
