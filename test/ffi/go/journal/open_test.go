// open_test.go - journals opened in every way.

package journal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.org/libjournal/journal"
)

func TestJournalsAreOpenedAsTheOptionsSay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	fails(t, only(journal.Open(path, journal.Existing)), journal.ErrNotFound)
	fails(t, only(journal.Open(path, journal.ReadOnly)), journal.ErrNotFound)
	fails(t, only(os.Stat(path)), fs.ErrNotExist)

	j := openAt(t, path, journal.New)
	put(j, "k", "v")
	ok(t, j.Close())
	fails(t, only(journal.Open(path, journal.New)), journal.ErrExists)
	fails(t, only(journal.Open(path, journal.Existing, journal.New)), syscall.EINVAL)
	fails(t, only(journal.Open(path, journal.Immutable)), syscall.EINVAL)

	again := openAt(t, path, journal.Existing)
	equal(t, must(again.Get([]byte("k"))).Value, []byte("v"))
	fails(t, journal.Destroy(path), journal.ErrBusy)
	ok(t, again.Close())
	ok(t, journal.Destroy(path))
	fails(t, only(os.Stat(path)), fs.ErrNotExist)
	fails(t, journal.Destroy(path), journal.ErrNotFound)
}

func TestReadersChangeNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := openAt(t, path)
	put(j, "k", "v")
	ok(t, j.Close())
	for _, options := range [][]journal.OpenOption{
		{journal.ReadOnly}, {journal.ReadOnly, journal.Immutable},
	} {
		reader := openAt(t, path, options...)
		equal(t, must(reader.Read(0)).Value, []byte("v"))
		fails(t, only(reader.Append([]byte("k"), nil)), journal.ErrReadOnly)
		fails(t, only(reader.Delete([]byte("k"))), journal.ErrReadOnly)
		fails(t, reader.Mark("m", 0), journal.ErrReadOnly)
		fails(t, reader.Rewind(0), journal.ErrReadOnly)
		fails(t, only(reader.Prune(1)), journal.ErrReadOnly)
		ok(t, reader.Close())
	}
}

func TestHostilePathsAreRefused(t *testing.T) {
	work := t.TempDir()
	fails(t, only(journal.Open("nul\x00inside")), syscall.EINVAL)
	fails(t, only(journal.Open("")), syscall.EINVAL)
	fails(t, only(journal.Open("/dev/null")), journal.ErrUnsupported)
	fails(t, only(journal.Open(work+"/"+strings.Repeat("n", 300))), syscall.ENAMETOOLONG)

	strange := filepath.Join(work, "\xff \n\xe2\x82")
	put(openAt(t, strange), "k", "v")
	equal(t, size(openAt(t, strange)), uint64(1))

	other := filepath.Join(work, "other")
	ok(t, os.Mkdir(other, 0o700))
	ok(t, os.WriteFile(other+"/data.mdb", []byte("no journal"), 0o600))
	fails(t, only(journal.Open(other)), journal.ErrUnsupported)
	equal(t, must(os.ReadFile(other+"/data.mdb")), []byte("no journal"))
}

func TestOptionsReachTheJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := openAt(t, path, journal.Mode(0o600), journal.FirstSeq(1000),
		journal.Relaxed, journal.BytesMax(1<<24), journal.TailBytes(1<<18))
	equal(t, put(j, "k", "v"), uint64(1000))
	equal(t, put(j, "k", "v"), uint64(1001))
	stat := must(j.Stat())
	equal(t, []uint64{stat.First, stat.Size}, []uint64{1000, 1002})
	equal(t, []uint64{stat.BytesMax, stat.TailBytes}, []uint64{1 << 24, 1 << 18})
	equal(t, must(os.Stat(path+"/data.mdb")).Mode().Perm(), fs.FileMode(0o600))
	ok(t, j.Sync())
	equal(t, must(j.Stat()).DurableSize, uint64(1002))
	fails(t, only(journal.Open(path+"2", journal.FirstSeq(journal.None))), syscall.EINVAL)
	holds(t, strings.Contains(journal.Version(), "LMDB"))
}
