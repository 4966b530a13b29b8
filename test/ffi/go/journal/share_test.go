// share_test.go - one journal, and goroutines, processes, the garbage collector.

package journal_test

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"example.org/libjournal/journal"
)

func TestNumbersOfManyGoroutinesAreDense(t *testing.T) {
	const writers, each = 4, 500
	j := open(t, journal.Relaxed)
	var group sync.WaitGroup
	var numbers [writers][each]uint64
	for w := 0; w < writers; w++ {
		group.Add(1)
		go func(w int) {
			defer group.Done()
			for i := range numbers[w] {
				numbers[w][i] = put(j, fmt.Sprint("writer ", w), fmt.Sprint(i))
			}
		}(w)
	}
	group.Wait()
	seen := map[uint64]bool{}
	for w := range numbers {
		for i, number := range numbers[w] {
			holds(t, i == 0 || numbers[w][i-1] < number)
			seen[number] = true
		}
	}
	for number := uint64(0); number < writers*each; number++ {
		holds(t, seen[number])
	}
	entry := must(j.Get([]byte("writer 3")))
	equal(t, []uint64{entry.Revision}, []uint64{each})
}

func TestOtherProcessesShareTheJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := openAt(t, path)
	equal(t, inChild("open", path, 0), "done")
	holds(t, strings.Contains(inChild("open-exclusive", path, 0), journal.ErrBusy.Error()))
	equal(t, inChild("append", path, 3), "done")
	equal(t, must(j.Get([]byte("child"))).Seq, uint64(2))
	ok(t, j.Close())

	alone := openAt(t, path, journal.Exclusive)
	holds(t, strings.Contains(inChild("open", path, 0), journal.ErrBusy.Error()))
	ok(t, alone.Close())
	equal(t, inChild("open-exclusive", path, 0), "done")
}

func TestAfterAWriteThatFailedAllOthersDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	said := inChild("fail", path, 0)
	holds(t, strings.HasPrefix(said, "true whole "))
	holds(t, strings.HasSuffix(said, journal.ErrFailed.Error()))
	j := openAt(t, path)
	equal(t, must(j.Get([]byte("k"))).Value, []byte("whole"))
	equal(t, put(j, "k", "again"), uint64(2))
	must(j.Verify(context.Background(), nil))
}

// A Go program forks only to execute another: what it has open is closed then.
func TestExecutedProgramsInheritNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := openAt(t, path)
	put(j, "k", "v")
	put(j, "k", "v") // the tail is open now, too
	holds(t, openBelow(path) > 0)
	equal(t, inChild("descriptors", path, 0), "0 done")
}

func TestCallsAfterCloseAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := openAt(t, path)
	put(j, "k", "v")
	cursor := must(j.Replay(journal.None))
	ok(t, j.Close())
	fails(t, j.Close(), journal.ErrClosed)
	fails(t, only(j.Append([]byte("k"), nil)), journal.ErrClosed)
	fails(t, only(j.Get([]byte("k"))), journal.ErrClosed)
	fails(t, only(j.Query()), journal.ErrClosed)
	fails(t, only(j.Stat()), journal.ErrClosed)
	fails(t, j.Mark("m", 0), journal.ErrClosed)
	fails(t, j.Wait(long(t), 0), journal.ErrClosed)
	fails(t, only(j.Verify(long(t), nil)), journal.ErrClosed)
	fails(t, j.Backup(long(t), "nowhere", nil), journal.ErrClosed)

	// A cursor outlives it, as it does in C, until it is closed as well.
	fails(t, journal.Destroy(path), journal.ErrBusy)
	holds(t, cursor.Next())
	equal(t, cursor.Entry().Value, []byte("v"))
	ok(t, cursor.Close())
	ok(t, journal.Destroy(path))
	ok(t, cursor.Close())
	holds(t, !cursor.Next() && cursor.Entry() == nil)
	fails(t, cursor.Err(), journal.ErrClosed)
	fails(t, only(cursor.Fill(nil)), journal.ErrClosed)
}

// Nobody has to close what has come to its end.
func TestACursorAtItsEndHoldsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := openAt(t, path)
	put(j, "k", "v")
	cursor := must(j.Replay(journal.None))
	for cursor.Next() {
	}
	filled := must(j.Replay(1))
	fails(t, only(filled.Fill(nil)), io.EOF)
	ok(t, j.Close())
	ok(t, journal.Destroy(path))
	holds(t, !cursor.Next())
	ok(t, cursor.Err())
	fails(t, only(filled.Fill(nil)), io.EOF)
	ok(t, cursor.Close())
}

func TestCloseWaitsForCallsInProgress(t *testing.T) {
	j := open(t)
	put(j, "k", "v")
	began, goOn := make(chan struct{}), make(chan struct{})
	verified, closed := make(chan error), make(chan error, 1)
	go func() {
		var once sync.Once
		_, err := j.Verify(context.Background(), func(done, total uint64) {
			once.Do(func() {
				close(began)
				<-goOn
			})
		})
		verified <- err
	}()
	<-began
	go func() { closed <- j.Close() }()
	for only(j.Stat()) == nil {
		runtime.Gosched() // until it has begun to close
	}
	select {
	case <-closed:
		t.Error("closed in the midst of a call")
	case <-time.After(20 * time.Millisecond):
	}
	close(goOn)
	ok(t, <-verified)
	ok(t, <-closed)
}

func TestCloseAndCallsMayMeet(t *testing.T) {
	j := open(t, journal.Relaxed)
	results := make(chan error)
	for w := 0; w < 4; w++ {
		go func() {
			var err error
			for err == nil {
				_, err = j.Append([]byte("k"), []byte("v"))
			}
			results <- err
		}()
	}
	time.Sleep(10 * time.Millisecond)
	ok(t, j.Close())
	for w := 0; w < 4; w++ {
		fails(t, <-results, journal.ErrClosed)
	}
}

func TestTheCollectorClosesWhatWasForgotten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	for i := 0; i < 10; i++ {
		j := must(journal.Open(path, journal.Relaxed))
		put(j, "k", "v")
		holds(t, must(j.Replay(journal.None)).Next())
	}
	deadline := time.Now().Add(time.Minute)
	for openBelow(path) > 0 && time.Now().Before(deadline) {
		runtime.GC() // finalizers run some time after it
		time.Sleep(time.Millisecond)
	}
	equal(t, openBelow(path), 0)
	ok(t, journal.Destroy(path))
}

// What is in use must not be collected under the hands of C.
func TestTheCollectorLeavesCallsAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	for i := 0; i < 20; i++ {
		cursor := func() *journal.Cursor {
			j := must(journal.Open(path, journal.Relaxed))
			for k := 0; k < 20; k++ {
				key := []byte(fmt.Sprint("key ", k))
				must(j.Append(key, make([]byte, 1000*k)))
			}
			return must(j.Query(journal.Prefix("key"), journal.From(uint64(i*20))))
		}()
		for k := 0; k < 20; k++ {
			holds(t, cursor.Next() && len(cursor.Entry().Value) == 1000*k)
			equal(t, string(cursor.Entry().Key), fmt.Sprint("key ", k))
		}
		holds(t, !cursor.Next())
	}
}

// cgo refuses memory that has pointers of Go's in it: bytes may lie beside such,
// and the records of a batch are such.
func TestBytesMayBeAPartOfAnything(t *testing.T) {
	j := open(t)
	it := struct {
		pointer *int
		key     [4]byte
		other   *string
	}{new(int), [4]byte{'a', 'b', 'c', 'd'}, new(string)}
	must(j.Append(it.key[:2], it.key[2:]))
	must(j.AppendBatch(journal.Record{Key: it.key[:], Value: it.key[1:3]}))
	must(j.Get(it.key[:2]))
	equal(t, seqs(t, j, journal.Key(it.key[:])), []uint64{1})
	equal(t, must(j.Read(1)).Value, []byte("bc"))
	holds(t, unsafe.Sizeof(it) > 4 && it.other != nil)
}
