// read_test.go - single entries, and many of them.

package journal_test

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"syscall"
	"testing"
	"time"

	"example.org/libjournal/journal"
)

func TestGetGivesThePresentAndThePast(t *testing.T) {
	j := open(t)
	key := []byte("k")
	fails(t, only(j.Get(key)), journal.ErrNotFound)
	put(j, "k", "1")
	must(j.Delete(key))
	fails(t, only(j.Get(key)), journal.ErrNotFound)
	put(j, "k", "2")
	entry := must(j.Get(key))
	equal(t, []uint64{entry.Seq, entry.Revision, entry.Prev}, []uint64{2, 3, 1})

	fails(t, only(j.GetAt(key, 0)), journal.ErrNotFound)
	equal(t, must(j.GetAt(key, 1)).Value, []byte("1"))
	fails(t, only(j.GetAt(key, 2)), journal.ErrNotFound)
	fails(t, only(j.GetAt(key, 4)), journal.ErrOutOfRange)
	holds(t, must(j.Read(1)).Tombstone)
	fails(t, only(j.Read(3)), journal.ErrOutOfRange)

	equal(t, must(j.Prune(2)), uint64(2))
	fails(t, only(j.Read(1)), journal.ErrPruned)
	fails(t, only(j.GetAt(key, 2)), journal.ErrPruned)
	ok(t, j.Close())
	equal(t, entry.Value, []byte("2")) // a copy, which nothing touches
}

func TestEntriesAreFoundByTime(t *testing.T) {
	j := open(t)
	for i := 0; i < 3; i++ {
		put(j, "k", "v")
		time.Sleep(2 * time.Millisecond)
	}
	second := must(j.Read(1)).Time
	equal(t, must(j.FindTime(time.Time{})), uint64(0))
	equal(t, must(j.FindTime(second)), uint64(1))
	equal(t, must(j.FindTime(second.Add(1))), uint64(2))
	equal(t, must(j.FindTime(time.Now())), uint64(3))
	equal(t, seqs(t, j, journal.Since(second)), []uint64{1, 2})
	equal(t, seqs(t, j, journal.Until(second)), []uint64{0})
}

func TestNumbersHave64Bits(t *testing.T) {
	const first = 1<<63 + 5
	j := open(t, journal.FirstSeq(first))
	equal(t, put(j, "k", "v"), uint64(first))
	equal(t, put(j, "k", "v"), uint64(first+1))
	equal(t, must(j.Get([]byte("k"))).Prev, uint64(first))
	equal(t, seqs(t, j, journal.From(first+1)), []uint64{first + 1})
	ok(t, j.Mark("m", first+2))
	equal(t, must(j.Marked("m")), uint64(first+2))
}

// fruit/apple, fruit/plum, till, without a key, fruit/apple, till deleted.
func shop(t *testing.T) *journal.Journal {
	j := open(t, journal.Relaxed)
	put(j, "fruit/apple", "5 kg")
	put(j, "fruit/plum", "2 kg")
	put(j, "till", "17.20")
	put(j, "", "a note")
	put(j, "fruit/apple", "3 kg")
	must(j.Delete([]byte("till")))
	return j
}

func TestQueriesGiveWhatTheyAskFor(t *testing.T) {
	j := shop(t)
	for _, it := range []struct {
		query []journal.QueryOption
		want  []uint64
	}{
		{nil, []uint64{0, 1, 2, 3, 4, 5}},
		{[]journal.QueryOption{journal.Key("fruit/apple")}, []uint64{0, 4}},
		{[]journal.QueryOption{journal.Key("fruit/apple"), journal.FromRevision(2)}, []uint64{4}},
		{[]journal.QueryOption{journal.Key("fruit/apple"), journal.Reverse}, []uint64{4, 0}},
		{[]journal.QueryOption{journal.Key([]byte("nobody"))}, []uint64{}},
		{[]journal.QueryOption{journal.Prefix("fruit/")}, []uint64{0, 1, 4}},
		{[]journal.QueryOption{journal.Prefix("")}, []uint64{0, 1, 2, 4, 5}},
		{[]journal.QueryOption{journal.Expr("fruit/*")}, []uint64{0, 1, 4}},
		{[]journal.QueryOption{journal.Expr("**")}, []uint64{0, 1, 2, 4, 5}},
		{[]journal.QueryOption{journal.From(1), journal.Limit(3)}, []uint64{1, 2}},
		{[]journal.QueryOption{journal.Latest}, []uint64{1, 4, 5}},
		{[]journal.QueryOption{journal.Latest, journal.Live}, []uint64{1, 4}},
		{[]journal.QueryOption{journal.Latest, journal.Limit(4)}, []uint64{0, 1, 2}},
		{[]journal.QueryOption{journal.Live}, []uint64{0, 1, 2, 3, 4}},
	} {
		got := seqs(t, j, it.query...)
		holds(t, reflect.DeepEqual(got, it.want))
	}
}

func TestQueriesThatMakeNoSenseAreRefused(t *testing.T) {
	j := shop(t)
	wrong := func(options ...journal.QueryOption) error {
		return only(j.Query(options...))
	}
	fails(t, wrong(journal.Key("")), syscall.EINVAL)
	fails(t, wrong(journal.Expr("fruit//x")), syscall.EINVAL)
	fails(t, wrong(journal.FromRevision(1)), syscall.EINVAL)
	fails(t, wrong(journal.From(7)), journal.ErrOutOfRange)
	fails(t, wrong(journal.Limit(7)), journal.ErrOutOfRange)
	fails(t, wrong(journal.Key(make([]byte, journal.KeyMax+1))), journal.ErrTooBig)
	fails(t, only(j.Replay(7)), journal.ErrOutOfRange)
	must(j.Prune(2))
	fails(t, only(j.Replay(1)), journal.ErrPruned)
}

func TestPastTheEndThereIsNothing(t *testing.T) {
	j := shop(t)
	cursor := must(j.Replay(5))
	holds(t, cursor.Next())
	for i := 0; i < 3; i++ {
		holds(t, !cursor.Next())
		ok(t, cursor.Err())
		holds(t, cursor.Entry() == nil)
	}
	fails(t, only(cursor.Fill(nil)), io.EOF)
}

func TestAPrunedRangeIsReportedOnce(t *testing.T) {
	j := shop(t)
	for i := 0; i < 100; i++ {
		put(j, "k", string(make([]byte, 100000)))
	}
	cursor := must(j.Replay(journal.None))
	holds(t, cursor.Next())
	must(j.Prune(100))
	for cursor.Next() {
	}
	fails(t, cursor.Err(), journal.ErrPruned)
	var last uint64
	for cursor.Next() {
		last = cursor.Entry().Seq
	}
	ok(t, cursor.Err())
	equal(t, last, uint64(105))
}

func TestFillGivesWhatNextGives(t *testing.T) {
	j := shop(t)
	stamp := &journal.Stamp{Time: 5, ID: [16]byte{6}}
	must(j.AppendBatch(journal.Record{Key: []byte("s"), Stamp: stamp}))
	for i := 0; i < 2000; i++ {
		put(j, fmt.Sprint("key ", i%17), fmt.Sprint(i))
	}
	put(j, "big", string(make([]byte, 100000)))

	oneByOne := must(j.Replay(journal.None))
	cursor := must(j.Replay(journal.None))
	buffer := make([]byte, 0, 1000)
	count := uint64(0)
	for {
		packed, err := cursor.Fill(buffer)
		if err == io.EOF {
			break
		}
		ok(t, err)
		buffer = packed
		for len(packed) > 0 {
			var entry journal.Entry
			if entry, packed, err = journal.Unpack(packed); err != nil {
				t.Fatal(err)
			}
			count++
			if !oneByOne.Next() || !reflect.DeepEqual(&entry, oneByOne.Entry()) {
				t.Fatal(entry, oneByOne.Entry())
			}
		}
	}
	equal(t, count, size(j))
	holds(t, !oneByOne.Next())
}

func TestWhatWasFilledIsAppendedElsewhere(t *testing.T) {
	j, other := shop(t), open(t)
	cursor := must(j.Replay(journal.None))
	holds(t, cursor.Next()) // the two take turns
	packed := must(cursor.Fill(make([]byte, 4096)))
	_, count, err := other.AppendPacked(packed)
	ok(t, err)
	equal(t, count, 5)
	for i := uint64(0); i < 5; i++ {
		from, to := must(j.Read(i+1)), must(other.Read(i))
		holds(t, bytes.Equal(from.Key, to.Key) && bytes.Equal(from.Value, to.Value))
	}
	for end := range packed {
		entry, rest, err := journal.Unpack(packed[:end])
		holds(t, err == journal.ErrNotPacked || len(entry.Key)+len(rest) < end)
	}
	_, _, err = journal.Unpack(bytes.Repeat([]byte{0xff}, 100))
	fails(t, err, journal.ErrNotPacked)
}

func TestKeyExpressions(t *testing.T) {
	holds(t, journal.ExprIsCanonical("a/*/c") && !journal.ExprIsCanonical("a//c"))
	equal(t, must(journal.ExprCanonical("a/**/**/*")), "a/*/**")
	fails(t, only(journal.ExprCanonical("a//c")), syscall.EINVAL)
	holds(t, journal.ExprMatches("a/**", "a/b/c") && !journal.ExprMatches("a/*", "a/b/c"))
	holds(t, journal.ExprIntersects("a/*", "*/b") && !journal.ExprIntersects("a/*", "b/*"))
	holds(t, journal.ExprIncludes("a/**", "a/*") && !journal.ExprIncludes("a/*", "a/**"))
}
