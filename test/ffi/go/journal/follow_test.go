// follow_test.go - entries that come while somebody waits for them.

package journal_test

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"example.org/libjournal/journal"
)

// long is more than any test should take, so that a lost wake-up is noticed.
func long(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestFollowGivesEachEntryOnce(t *testing.T) {
	j := open(t, journal.Relaxed)
	put(j, "odd", "before")
	go func() {
		for i := 1; i < 500; i++ {
			put(j, []string{"even", "odd"}[i%2], fmt.Sprint(i))
		}
	}()
	all := must(j.Follow(long(t)))
	defer all.Close()
	for i := uint64(0); i < 500; i++ {
		if !all.Next() || all.Entry().Seq != i {
			t.Fatal(i, all.Entry(), all.Err())
		}
	}
	odd := must(j.Follow(long(t), journal.Key("odd")))
	defer odd.Close()
	for i := 0; i < 251; i++ {
		holds(t, odd.Next())
	}
	equal(t, odd.Entry().Seq, uint64(499))
}

// If the wake-ups did not come, each would take as long as a look.
func TestAnEntryWakesWhoeverFollows(t *testing.T) {
	const rounds = 100
	j := open(t, journal.Relaxed)
	cursor := must(j.Follow(long(t)))
	defer cursor.Close()
	seen := make(chan uint64)
	go func() {
		for cursor.Next() {
			seen <- cursor.Entry().Seq
		}
		close(seen)
	}()
	begun := time.Now()
	for i := uint64(0); i < rounds; i++ {
		time.Sleep(time.Millisecond) // so that it sleeps
		equal(t, put(j, "k", "v"), i)
		equal(t, <-seen, i)
	}
	holds(t, time.Since(begun) < rounds*50*time.Millisecond/2)
	ok(t, j.Close())
	<-seen
	fails(t, cursor.Err(), journal.ErrClosed)
}

func TestFollowHearsOfAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := openAt(t, path)
	child := childCommand("append", path, 50)
	ok(t, child.Start())
	cursor := must(j.Follow(long(t), journal.Key("child")))
	defer cursor.Close()
	for i := 0; i < 50; i++ {
		if !cursor.Next() {
			t.Fatal(i, cursor.Err())
		}
		equal(t, string(cursor.Entry().Value), fmt.Sprint(i))
	}
	ok(t, child.Wait())
	equal(t, size(j), uint64(50))
}

func TestFollowGoesOnAfterARewind(t *testing.T) {
	j := open(t, journal.Relaxed)
	for i := 0; i < 10; i++ {
		put(j, "k", "v")
	}
	cursor := must(j.Follow(long(t), journal.From(10)))
	defer cursor.Close()
	go func() {
		time.Sleep(20 * time.Millisecond)
		ok(t, j.Rewind(3))
		put(j, "k", "anew")
	}()
	holds(t, cursor.Next())
	equal(t, cursor.Entry().Seq, uint64(3))
	equal(t, cursor.Entry().Value, []byte("anew"))
}

func TestWaitingEnds(t *testing.T) {
	j := open(t)
	none, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	fails(t, j.Wait(none, 0), journal.ErrTimeout)
	put(j, "k", "v")
	ok(t, j.Wait(none, 0)) // looks at least once

	begun := time.Now()
	soon, cancel := context.WithTimeout(context.Background(), 120*time.Millisecond)
	defer cancel()
	fails(t, j.Wait(soon, 1), context.DeadlineExceeded)
	holds(t, time.Since(begun) >= 120*time.Millisecond)

	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	fails(t, j.Wait(ctx, 1), context.Canceled)
	cursor := must(j.Follow(ctx))
	defer cursor.Close()
	holds(t, cursor.Next())
	holds(t, !cursor.Next())
	fails(t, cursor.Err(), context.Canceled)
	fails(t, only(j.Follow(ctx, journal.Reverse)), syscall.EINVAL)
	fails(t, only(j.Follow(ctx, journal.Latest)), syscall.EINVAL)
}

func TestCloseEndsWaiting(t *testing.T) {
	j := open(t)
	cursor := must(j.Follow(context.Background()))
	defer cursor.Close()
	waiting := make(chan error)
	go func() { waiting <- j.Wait(context.Background(), 9) }()
	following := make(chan error)
	go func() {
		cursor.Next()
		following <- cursor.Err()
	}()
	time.Sleep(20 * time.Millisecond)
	ok(t, j.Close())
	fails(t, <-waiting, journal.ErrClosed)
	fails(t, <-following, journal.ErrClosed)
}

func TestNobodyWaitsForAnImmutableJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	ok(t, openAt(t, path).Close())
	j := openAt(t, path, journal.ReadOnly, journal.Immutable)
	fails(t, j.Wait(context.Background(), 9), journal.ErrUnsupported)
}
