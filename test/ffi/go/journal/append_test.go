// append_test.go - entries of every kind go in, and come out as they were.

package journal_test

import (
	"bytes"
	"syscall"
	"testing"
	"time"

	"example.org/libjournal/journal"
)

func TestEntriesComeOutAsTheyWentIn(t *testing.T) {
	j := open(t)
	binary := make([]byte, 256)
	for i := range binary {
		binary[i] = byte(i)
	}
	equal(t, put(j, "key", "value"), uint64(0))
	equal(t, must(j.Append(nil, []byte("no key"))), uint64(1))
	equal(t, must(j.Append([]byte("empty"), nil)), uint64(2))
	equal(t, must(j.Append(nil, nil)), uint64(3))
	equal(t, must(j.Append(binary, binary)), uint64(4))
	equal(t, must(j.Delete([]byte("key"))), uint64(5))
	equal(t, must(j.Delete([]byte("never there"))), uint64(6))

	cursor, err := j.Replay(journal.None)
	all := entries(t, cursor, err)
	equal(t, len(all), 7)
	equal(t, all[0].Key, []byte("key"))
	equal(t, all[0].Value, []byte("value"))
	equal(t, all[0].Prev, journal.None)
	equal(t, all[0].Revision, uint64(1))
	holds(t, time.Since(all[0].Time) < time.Hour)
	equal(t, len(all[1].Key), 0)
	equal(t, all[1].Revision, uint64(0))
	equal(t, len(all[2].Value), 0)
	equal(t, [][]byte{all[4].Key, all[4].Value}, [][]byte{binary, binary})
	holds(t, all[5].Tombstone && !all[4].Tombstone)
	equal(t, []uint64{all[5].Prev, all[5].Revision}, []uint64{0, 2})
	for i := range all[1:] {
		holds(t, !all[i+1].Time.Before(all[i].Time))
	}
}

func TestABatchIsAllOrNothing(t *testing.T) {
	j := open(t)
	stamp := &journal.Stamp{Time: 7, ID: [16]byte{1, 2, 15: 16}}
	first := must(j.AppendBatch(
		journal.Record{Key: []byte("a"), Value: []byte("1"), Meta: []byte("text")},
		journal.Record{Key: []byte("b"), Value: []byte{0}, Stamp: stamp},
		journal.Record{Meta: []byte{0, 1, 2}},
		journal.Record{Key: []byte("a"), Tombstone: true, Meta: []byte("why")},
	))
	equal(t, first, uint64(0))
	equal(t, must(j.Read(0)).Meta, []byte("text"))
	equal(t, must(j.Read(0)).Stamp, (*journal.Stamp)(nil))
	equal(t, must(j.Read(1)).Stamp, stamp)
	equal(t, must(j.Read(2)).Meta, []byte{0, 1, 2})
	holds(t, must(j.Read(3)).Tombstone)
	equal(t, must(j.Read(3)).Meta, []byte("why"))

	good := journal.Record{Key: []byte("c"), Value: []byte("4")}
	fails(t, only(j.AppendBatch(good, journal.Record{
		Key: []byte("a"), Value: []byte("v"), Tombstone: true})), syscall.EINVAL)
	fails(t, only(j.AppendBatch(good, journal.Record{Tombstone: true})), syscall.EINVAL)
	equal(t, size(j), uint64(4))
}

func TestExpectationsHaveToHold(t *testing.T) {
	j := open(t)
	record := func(expect, expectSeq *uint64) error {
		return only(j.AppendBatch(journal.Record{Key: []byte("k"),
			Value: []byte("v"), Expect: expect, ExpectSeq: expectSeq}))
	}
	ok(t, record(journal.Seq(journal.None), nil))
	fails(t, record(journal.Seq(journal.None), nil), journal.ErrConflict)
	ok(t, record(journal.Seq(0), nil))
	fails(t, record(journal.Seq(0), nil), journal.ErrConflict)
	ok(t, record(nil, journal.Seq(2)))
	fails(t, record(nil, journal.Seq(2)), journal.ErrConflict)
	ok(t, record(journal.Seq(2), journal.Seq(3)))
	fails(t, only(j.AppendBatch(journal.Record{Expect: journal.Seq(1)})), syscall.EINVAL)
	equal(t, size(j), uint64(4))
}

func TestStampsDoNotGoBack(t *testing.T) {
	j := open(t)
	at := func(time uint64, id byte) error {
		stamp := &journal.Stamp{Time: time, ID: [16]byte{id}}
		return only(j.AppendBatch(journal.Record{Key: []byte("k"), Stamp: stamp}))
	}
	ok(t, at(journal.None-1, 5))
	ok(t, at(journal.None-1, 5))
	fails(t, at(journal.None-1, 4), journal.ErrOutdated)
	fails(t, at(9, 9), journal.ErrOutdated)
	ok(t, at(journal.None, 0))
	equal(t, must(j.Get([]byte("k"))).Stamp.Time, journal.None)
}

func TestPackedEntriesAreAppended(t *testing.T) {
	j := open(t)
	stamp := &journal.Stamp{Time: 3, ID: [16]byte{9}}
	records := []journal.Record{
		{Key: []byte("key"), Value: []byte("value"), Meta: []byte("meta")},
		{},
		{Key: []byte{0}, Value: []byte{0, 0}, Stamp: stamp},
		{Key: []byte("key"), Tombstone: true},
	}
	var packed []byte
	for i := range records {
		packed = records[i].Pack(packed)
	}
	first, count, err := j.AppendPacked(packed)
	ok(t, err)
	equal(t, []uint64{first, uint64(count)}, []uint64{0, 4})
	for i, record := range records {
		entry := must(j.Read(uint64(i)))
		holds(t, bytes.Equal(entry.Key, record.Key))
		holds(t, bytes.Equal(entry.Value, record.Value))
		holds(t, bytes.Equal(entry.Meta, record.Meta))
		equal(t, entry.Tombstone, record.Tombstone)
		equal(t, entry.Stamp, record.Stamp)
	}
	// At any address; and what is not whole is not appended.
	moved := append([]byte{'x'}, packed...)
	first, _, err = j.AppendPacked(moved[1:])
	ok(t, err)
	equal(t, first, uint64(4))
	for _, cut := range []int{0, 1, 8, 55, len(packed) - 1} {
		_, _, err := j.AppendPacked(packed[:cut])
		fails(t, err, syscall.EINVAL)
	}
	packed[4] = 0x80
	_, _, err = j.AppendPacked(packed)
	fails(t, err, syscall.EINVAL)
	equal(t, size(j), uint64(8))
}

func TestWhatIsTooBigIsRefused(t *testing.T) {
	j := open(t, journal.Relaxed)
	big := bytes.Repeat([]byte{'k'}, journal.KeyMax)
	must(j.Append(big, []byte("v")))
	equal(t, must(j.Get(big)).Key, big)
	tooBig := append(big, 'k')
	fails(t, only(j.Append(tooBig, nil)), journal.ErrTooBig)
	fails(t, only(j.Get(tooBig)), journal.ErrTooBig)
	fails(t, only(j.Delete(tooBig)), journal.ErrTooBig)
	must(j.AppendBatch(journal.Record{Meta: big}))
	fails(t, only(j.AppendBatch(journal.Record{Meta: tooBig})), journal.ErrTooBig)
	// Untouched zeros cost no memory, and nobody looks at them.
	tooBig = make([]byte, journal.ValueMax+1)
	fails(t, only(j.Append([]byte("k"), tooBig)), journal.ErrTooBig)
	equal(t, size(j), uint64(2))
}

func TestAFullJournalCanBePruned(t *testing.T) {
	j := open(t, journal.Relaxed, journal.BytesMax(1<<20))
	value := make([]byte, 10000)
	var err error
	for err == nil {
		_, err = j.Append([]byte("k"), value)
	}
	fails(t, err, journal.ErrFull)
	count := size(j)
	holds(t, count > 10 && must(j.Stat()).BytesFile <= 1<<20)
	equal(t, must(j.Prune(count)), count)
	equal(t, must(j.Append([]byte("k"), value)), count)

	last := open(t, journal.FirstSeq(journal.None-1))
	equal(t, put(last, "k", "v"), journal.None-1)
	fails(t, only(last.Append([]byte("k"), nil)), journal.ErrFull)
}
