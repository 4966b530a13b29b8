"""using.py - claims of what a journal does for a program that asks rightly."""
import os
import signal
import threading
import time

import journal
from claims import claim, raises
from journal import Journal, Record, Stamp
from layout import NONE, library, pack, unpack

STAMP = Stamp(7, b"0123456789abcdef")
RECORDS = [
    Record(b"key", b"value"),
    Record(value=b"without key"),
    Record(b"empty", b""),
    Record(),
    Record(b"\xff\0\x01", bytes(range(256)), b"me\0ta"),
    Record(b"stamped", b"v", stamp=STAMP),
    Record(b"key", tombstone=True),
    Record(b"gone", meta=b"why", tombstone=True, stamp=STAMP),
] + [Record(b"padding", b"x" * i) for i in range(16)]


def given(entry):
    """Of an entry, what was appended."""
    return Record(entry.key, entry.value, entry.meta, entry.tombstone,
                  stamp=entry.stamp)


def numbers(cursor):
    with cursor:
        return [entry.seq for entry in cursor]


def filled(path, count=10):
    """A journal in which number I is the change of k/I%3."""
    result = Journal(path, durable=False)
    result.append_batch([Record(b"k/%d" % (i % 3), b"%d" % i)
                         for i in range(count)])
    return result


@claim
def what_is_appended_comes_back(path):
    with Journal(path) as j:
        assert j.append_batch(RECORDS) == 0
        assert [given(entry) for entry in j] == RECORDS
        assert [entry.seq for entry in j] == list(range(len(RECORDS)))
        assert given(j.read(4)) == RECORDS[4]
        assert j.read(6).prev == 0 and j.read(6).revision == 2
        assert j.read(0).prev is None and j.read(1).revision == 0
        assert abs(j.read(0).time / 1e9 - time.time()) < 3600
    with Journal(path, existing=True) as j:
        assert [given(entry) for entry in j] == RECORDS


@claim
def single_appends_are_numbered(path):
    with Journal(path, new=True) as j:
        assert [j.append(b"a", b"1"), j.append(b"", b"\0"), j.append(b"b", b""),
                j.delete(b"a"), j.delete(b"never")] == [0, 1, 2, 3, 4]
        assert j.get(b"b").value == b""
        assert j.read(1).key == b"" and j.read(1).value == b"\0"
        with raises(journal.NotFound):
            j.get(b"a")
        assert j.get_at(b"a", 3).value == b"1"
        with raises(journal.NotFound):
            j.get_at(b"a", 4)


@claim
def packed_entries_come_back(path):
    packed = b"".join(pack(r.key, r.value, r.meta, r.stamp, r.tombstone)
                      for r in RECORDS)
    with Journal(path) as j:
        assert j.append_packed(packed) == (0, len(RECORDS))
        assert [given(entry) for entry in j] == RECORDS
        with j.replay() as cursor:
            piece, count = cursor.fill(1 << 18)
        assert j.append_packed(piece) == (count, count) == (len(RECORDS),) * 2
        entries = [given(entry) for entry in j]
        assert entries[:count] == entries[count:]


@claim
def fill_gives_what_next_gives(path):
    with Journal(path) as j:
        j.append_batch(RECORDS + [Record(b"big", os.urandom(1 << 20))])
        with j.replay() as one, j.replay() as many:
            steps = [one.step() for _ in range(len(RECORDS) + 1)]
            assert list(many) == steps
        for size in 0, 1, 64, 400, 1000, 100000:
            with j.replay() as cursor:
                entries = []
                while (piece := cursor.fill(size))[1]:
                    assert len(list(unpack(piece[0]))) == piece[1]
                    assert len(piece[0]) <= size or piece[1] == 1
                    entries += unpack(piece[0])
            assert entries == steps, size


@claim
def what_was_read_does_not_change(path):
    with filled(path, 2000) as j:
        with j.replay() as cursor:
            first = cursor.step()
            before = tuple(first)
            for _ in range(1999):
                cursor.step()
        one = j.get(b"k/0")
    assert tuple(first) == before == (0, first.time, None, 1, b"k/0", b"0",
                                      b"", False, None)
    assert one.value == b"1998"


@claim
def queries_choose(path):
    with filled(path) as j:
        j.delete(b"k/1")
        assert numbers(j.query(key=b"k/2")) == [2, 5, 8]
        assert numbers(j.history(b"k/2")) == [8, 5, 2]
        assert numbers(j.query(key=b"k/2", first_revision=2)) == [5, 8]
        assert numbers(j.query(prefix=b"k/", first=3, limit=5)) == [3, 4]
        assert numbers(j.query(prefix=b"")) == list(range(11))
        assert numbers(j.query(expr=b"*/1")) == [1, 4, 7, 10]
        assert numbers(j.query(expr=b"k/*", latest=True)) == [8, 9, 10]
        assert numbers(j.query(latest=True, live=True)) == [8, 9]
        assert numbers(j.query(latest=True, limit=3)) == [0, 1, 2]
        assert numbers(j.query(reverse=True, first=8)) == [10, 9, 8]
        assert numbers(j.replay(9)) == [9, 10] and numbers(j.replay(11)) == []


@claim
def times_are_found(path):
    with filled(path) as j:
        time.sleep(0.002)
        j.append(b"late", b"")
        late = j.read(10).time
        assert j.find_time(0) == 0 and j.find_time(late) == 10
        assert j.find_time(late + 1) == j.find_time(NONE) == 11
        assert numbers(j.query(since=late)) == [10]
        assert numbers(j.query(until=late)) == list(range(10))


@claim
def the_present_can_be_rebuilt(path):
    with filled(path) as j:
        j.delete(b"k/0")
        present = {e.key: e.value for e in j.query(latest=True, live=True)}
        assert present == {b"k/1": b"7", b"k/2": b"8"}


@claim
def a_follower_gets_all_of_another_thread(path):
    count = 500

    def append_all():
        with Journal(path, durable=False) as j:
            for i in range(count):
                j.append(b"odd" if i % 2 else b"even", b"%d" % i)

    with Journal(path) as j:
        thread = threading.Thread(target=append_all)
        thread.start()
        values = []
        for entry in j.follow(key=b"odd", timeout=30):
            values.append(int(entry.value))
            if len(values) == count // 2:
                break
        thread.join()
        assert values == list(range(1, count, 2))


@claim
def a_follower_gets_all_of_another_process(path):
    with Journal(path) as j:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                j.close()
                with Journal(path, durable=False) as mine:
                    for i in range(300):
                        mine.append(b"k", b"%d" % i)
                status = 0
            finally:
                os._exit(status)
        follower = j.follow(timeout=30)
        values = [int(next(follower).value) for _ in range(300)]
        assert os.waitpid(child, 0)[1] == 0
        assert values == list(range(300))


@claim
def following_ends_when_nothing_comes(path):
    with filled(path) as j:
        assert [e.seq for e in j.follow(timeout=0)] == list(range(10))
        begun = time.monotonic()
        assert [e.seq for e in j.follow(timeout=0.05, first=8)] == [8, 9]
        assert time.monotonic() - begun >= 0.05
        j.wait(9)
        with raises(TimeoutError):
            j.wait(10, 0.01)


@claim
def a_wait_can_be_interrupted(path):
    def interrupt(_signal, _frame):
        raise InterruptedError

    before = signal.signal(signal.SIGALRM, interrupt)
    with Journal(path) as j:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with raises(InterruptedError):
            j.wait(0)
    signal.signal(signal.SIGALRM, before)


@claim
def marks_are_a_mapping(path):
    with filled(path) as j:
        j.marks["mailer"] = 4
        j.marks["büro"] = 10
        j.marks["mailer"] = 3
        assert dict(j.marks) == {"büro": 10, "mailer": 3}
        assert len(j.marks) == 2 and list(j.marks) == ["büro", "mailer"]
        del j.marks["büro"]
        assert "büro" not in j.marks and j.marks.get("büro") is None
        with raises(KeyError):
            del j.marks["büro"]
        with raises(journal.OutOfRange):
            j.marks["mailer"] = 11


@claim
def pruning_stops_at_marks(path):
    with filled(path) as j:
        j.marks["mailer"] = 4
        assert j.prune(8) == 4 and j.stat().first == 4
        assert j.prune(8, past_marks=True) == 4
        assert numbers(j.replay()) == [8, 9]
        assert j.prune(NONE, past_marks=True) == 2 and j.append(b"k", b"") == 10


@claim
def compaction_keeps_the_latest(path):
    with filled(path) as j:
        j.delete(b"k/0")
        assert j.prune(j.stat().size, keep_latest=True) == 9
        assert numbers(j.replay()) == [7, 8]


@claim
def a_rewind_takes_back(path):
    with filled(path) as j:
        j.rewind(5)
        assert j.get(b"k/0").seq == 3 and j.append(b"k/0", b"new") == 5
        with raises(journal.Invalid):
            j.rewind(7)


@claim
def figures_are_right(path):
    with filled(path) as j:
        j.delete(b"k/0")
        stat = j.stat()
        assert (stat.first, stat.size, stat.entries) == (0, 11, 11)
        assert (stat.keys, stat.tombstones, stat.marks) == (2, 1, 0)
        assert stat.bytes_logical == 11 * 3 + 10
        assert stat.last_time == j.read(10).time and any(stat.id)
        j.sync()
        assert j.stat().durable_size == 11


@claim
def retention_keeps_what_it_is_told(path):
    with Journal(path, keep_entries=100) as j:
        j.append_batch([Record(b"k", b"v")] * 150)
        j.append(b"k", b"v")
        assert 100 <= j.stat().entries <= 106


@claim
def a_backup_is_a_journal(path):
    told = []
    with filled(path, 1000) as j:
        j.backup(path + ".copy", lambda *how_far: told.append(how_far))
        assert told and told[-1][0] <= told[-1][1]
        with Journal(path + ".copy", read_only=True, immutable=True) as copy:
            assert list(copy) == list(j)
            assert bytes(copy.stat().id) == bytes(j.stat().id)
        with raises(journal.Exists):
            j.backup(path + ".copy")


@claim
def a_sound_journal_is_verified(path):
    told = []
    with filled(path, 1000) as j:
        report, well = j.verify(lambda *how_far: told.append(how_far))
        assert well and report.entries_checked == 1000
        assert report.first_bad == NONE and told


@claim
def numbers_go_up_to_the_last(path):
    with Journal(path, first_seq=NONE - 2) as j:
        assert j.append(b"k", b"") == 2**64 - 3
        assert j.append(b"k", b"") == 2**64 - 2
        assert j.get(b"k").prev == 2**64 - 3
        with raises(journal.Full):
            j.append(b"k", b"")


@claim
def the_library_says_its_version(_path):
    major, rest = divmod(library.journal_version(), 1 << 16)
    minor, patch = divmod(rest, 1 << 8)
    text = library.journal_version_string().decode()
    assert f"{major}.{minor}.{patch}" in text and "LMDB" in text
