// maintain_test.go - upkeep: both ends of a journal, marks, figures, damage.

package journal_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/libjournal/journal"
)

// letters appends count entries of the keys a, b, c, a, ...
func letters(t *testing.T, count int) *journal.Journal {
	j := open(t, journal.Relaxed)
	for i := 0; i < count; i++ {
		put(j, []string{"a", "b", "c"}[i%3], fmt.Sprint(i))
	}
	return j
}

func TestPruneStopsAtMarks(t *testing.T) {
	j := letters(t, 12)
	ok(t, j.Mark("reader", 4))
	equal(t, must(j.Prune(6)), uint64(4))
	equal(t, must(j.Stat()).First, uint64(4))
	equal(t, must(j.Prune(6, journal.PastMarks)), uint64(2))
	equal(t, must(j.Prune(6, journal.PastMarks)), uint64(0))
	fails(t, only(j.Read(5)), journal.ErrPruned)
	ok(t, j.Unmark("reader"))

	must(j.Delete([]byte("a")))
	equal(t, must(j.Prune(journal.None, journal.KeepLatest)), uint64(5))
	equal(t, seqs(t, j), []uint64{10, 11})
	equal(t, put(j, "d", "next"), uint64(13))
}

func TestRewindDropsTheNewest(t *testing.T) {
	j := letters(t, 9)
	ok(t, j.Mark("reader", 9))
	must(j.Prune(2, journal.PastMarks))
	ok(t, j.Rewind(5))
	equal(t, size(j), uint64(5))
	equal(t, must(j.Marked("reader")), uint64(5))
	equal(t, must(j.Get([]byte("a"))).Seq, uint64(3))
	fails(t, j.Rewind(6), syscall.EINVAL)
	fails(t, j.Rewind(1), journal.ErrPruned)
	ok(t, j.Rewind(2))
	equal(t, must(j.Stat()).Entries, uint64(0))
	equal(t, put(j, "a", "anew"), uint64(2))
}

func TestMarksAreKept(t *testing.T) {
	j := letters(t, 5)
	equal(t, len(must(j.Marks())), 0)
	fails(t, only(j.Marked("none")), journal.ErrNotFound)
	fails(t, j.Unmark("none"), journal.ErrNotFound)
	fails(t, j.Mark("far", 6), journal.ErrOutOfRange)
	longest := strings.Repeat("m", 255)
	ok(t, j.Mark("zebra", 5))
	ok(t, j.Mark("ärger", 3))
	ok(t, j.Mark("ant", 1))
	ok(t, j.Mark("ant", 0))
	ok(t, j.Mark(longest, 2))
	equal(t, must(j.Marks()),
		[]journal.Mark{{"ant", 0}, {longest, 2}, {"zebra", 5}, {"ärger", 3}})
	ok(t, j.Unmark("ant"))
	equal(t, must(j.Stat()).Marks, uint64(3))
}

func TestStatHasTheFigures(t *testing.T) {
	j := letters(t, 4)
	must(j.Delete([]byte("a")))
	ok(t, j.Sync())
	stat := must(j.Stat())
	equal(t, []uint64{stat.First, stat.Size, stat.DurableSize, stat.Entries,
		stat.Keys, stat.Tombstones, stat.BytesLogical}, []uint64{0, 5, 5, 5, 2, 1, 9})
	equal(t, int64(stat.FirstTime), must(j.Read(0)).Time.UnixNano())
	equal(t, int64(stat.LastTime), must(j.Read(4)).Time.UnixNano())
	holds(t, stat.BytesFile >= stat.BytesUsed && stat.BytesUsed > 0)
	holds(t, stat.TailBytes >= stat.TailBytesUsed && stat.Format >= 2)
	holds(t, stat.ID != [16]byte{})
}

func TestRetentionRemovesTheOldest(t *testing.T) {
	j := open(t, journal.Relaxed, journal.KeepEntries(10))
	for i := 0; i < 50; i++ {
		put(j, "k", "v")
	}
	equal(t, must(j.Stat()).Entries, uint64(10))
	j = open(t, journal.Relaxed, journal.KeepBytes(1000))
	for i := 0; i < 50; i++ {
		put(j, "k", strings.Repeat("v", 99))
	}
	equal(t, must(j.Stat()).BytesLogical, uint64(1000))
	j = open(t, journal.Relaxed, journal.KeepAge(time.Millisecond))
	put(j, "k", "old")
	time.Sleep(20 * time.Millisecond)
	put(j, "k", "new")
	equal(t, must(j.Stat()).First, uint64(1))
}

// hundred makes 100 entries, of which number 42 can be recognized on the disk.
func hundred(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "journal")
	j := openAt(t, path, journal.Relaxed)
	for i := 0; i < 100; i++ {
		value := fmt.Sprintf("%100d", i)
		if i == 42 {
			value = needle
		}
		put(j, fmt.Sprint("key ", i%7), value)
	}
	ok(t, j.Close())
	return path
}

const needle = "a needle in the haystack"

func spoil(t *testing.T, path, file string) {
	file = filepath.Join(path, file)
	content := must(os.ReadFile(file))
	holds(t, bytes.Contains(content, []byte(needle)))
	content = bytes.ReplaceAll(content, []byte(needle), []byte("a noodle in the haystack"))
	ok(t, os.WriteFile(file, content, 0o600))
}

func TestVerifyFindsDamage(t *testing.T) {
	ctx := context.Background()
	path := hundred(t)
	j := openAt(t, path)
	told := 0
	report, err := j.Verify(ctx, func(done, total uint64) { told++ })
	ok(t, err)
	equal(t, report.EntriesChecked, uint64(100))
	equal(t, report.FirstBad, journal.None)
	holds(t, told > 0)
	ok(t, j.Close())

	spoil(t, path, "data.mdb")
	j = openAt(t, path)
	fails(t, only(j.Read(42)), journal.ErrCorrupt)
	equal(t, must(j.Read(43)).Seq, uint64(43))
	report, err = j.Verify(ctx, nil)
	fails(t, err, journal.ErrCorrupt)
	equal(t, []uint64{report.EntriesBad, report.FirstBad}, []uint64{1, 42})

	// A replay says it once, and goes on behind it.
	cursor := must(j.Replay(journal.None))
	good, bad := 0, 0
	for {
		if cursor.Next() {
			good++
		} else if cursor.Err() != nil {
			fails(t, cursor.Err(), journal.ErrCorrupt)
			bad++
		} else {
			break
		}
	}
	equal(t, []int{good, bad}, []int{99, 1})
}

func TestABackupIsTheSameJournal(t *testing.T) {
	ctx := context.Background()
	path, to := hundred(t), filepath.Join(t.TempDir(), "copy")
	j := openAt(t, path)
	ok(t, j.Mark("m", 17))
	ok(t, j.Backup(ctx, to, nil))
	fails(t, j.Backup(ctx, to, nil), journal.ErrExists)
	copied := openAt(t, to, journal.Existing)
	equal(t, must(copied.Stat()).ID, must(j.Stat()).ID)
	equal(t, must(copied.Marked("m")), uint64(17))
	equal(t, must(copied.Read(42)), must(j.Read(42)))

	fails(t, j.Backup(ctx, "a\x00b", nil), syscall.EINVAL)
	ok(t, j.Close())
	spoil(t, path, "data.mdb")
	fails(t, openAt(t, path).Backup(ctx, to+"2", nil), journal.ErrCorrupt)
}

func TestSalvageSavesTheRest(t *testing.T) {
	ctx := context.Background()
	from, to := hundred(t), filepath.Join(t.TempDir(), "salvaged")
	spoil(t, from, "data.mdb")
	spoil(t, from, "tail") // where it would be found as well
	report := must(journal.Salvage(ctx, from, to, nil))
	equal(t, []uint64{report.Salvaged, report.FirstBad}, []uint64{99, 42})
	j := openAt(t, to)
	fails(t, only(j.Read(42)), journal.ErrPruned)
	must(j.Verify(ctx, nil))
	fails(t, only(journal.Salvage(ctx, from+"none", to+"2", nil)), journal.ErrNotFound)
}

func TestLongCallsAreCanceled(t *testing.T) {
	path, to := hundred(t), filepath.Join(t.TempDir(), "copy")
	j := openAt(t, path)
	ctx, cancel := context.WithCancel(context.Background())
	err := j.Backup(ctx, to, func(done, total uint64) { cancel() })
	fails(t, err, context.Canceled)
	fails(t, only(os.Stat(to)), fs.ErrNotExist)
	fails(t, only(j.Verify(ctx, nil)), context.Canceled)
	ok(t, j.Close())
	fails(t, only(journal.Salvage(ctx, path, to, nil)), context.Canceled)
}

func TestAPanicComesThroughALongCall(t *testing.T) {
	path, to := hundred(t), filepath.Join(t.TempDir(), "copy")
	j := openAt(t, path)
	func() {
		defer func() { equal(t, recover(), "from the callback") }()
		j.Backup(context.Background(), to, func(done, total uint64) {
			panic("from the callback")
		})
		t.Error("not reached")
	}()
	fails(t, only(os.Stat(to)), fs.ErrNotExist)
	// C has been told to stop, so it holds nothing; nor does the binding.
	equal(t, put(j, "k", "v"), uint64(100))
	ok(t, j.Close())
}

func TestProgressMayCallTheJournal(t *testing.T) {
	j := openAt(t, hundred(t))
	must(j.Verify(context.Background(), func(done, total uint64) {
		must(j.Read(42))
	}))
}
