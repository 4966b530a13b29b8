// entry.go - what a journal holds, and what is to be appended.

package journal

/*
#include <journal.h>
#include <stdlib.h>
*/
import "C"

import (
	"time"
	"unsafe"
)

// A Stamp is a caller's timestamp: ordered by time, then by the bytes of ID.
type Stamp struct {
	Time uint64
	ID   [16]byte
}

// An Entry is what has been appended.
type Entry struct {
	Seq       uint64
	Time      time.Time // of the append; never falls along the journal
	Prev      uint64    // the key's entry before this one, or None
	Revision  uint64    // of the key: 1, 2, ...; 0 without a key
	Tombstone bool      // the key was deleted
	Stamp     *Stamp    // nil if none was given
	Key       []byte
	Value     []byte
	Meta      []byte
}

// newEntry copies an entry of C's.
func newEntry(c *C.struct_journal_entry) *Entry {
	e := &Entry{
		Seq:       uint64(c.seq),
		Time:      time.Unix(0, int64(c.time)),
		Prev:      uint64(c.prev),
		Revision:  uint64(c.revision),
		Tombstone: c.flags&C.JOURNAL_TOMBSTONE != 0,
	}
	if c.flags&C.JOURNAL_STAMPED != 0 {
		e.Stamp = &Stamp{Time: uint64(c.stamp.time)}
		copy(e.Stamp.ID[:], unsafe.Slice((*byte)(&c.stamp.id[0]), 16))
	}
	// One piece of memory for all three, none of which can grow into another.
	k, m, v := int(c.key_size), int(c.meta_size), int(c.value_size)
	all := make([]byte, k+m+v)
	e.Key = all[:k:k]
	e.Meta = all[k : k+m : k+m]
	e.Value = all[k+m:]
	copy(e.Key, unsafe.Slice((*byte)(c.key), k))
	copy(e.Meta, unsafe.Slice((*byte)(c.meta), m))
	copy(e.Value, unsafe.Slice((*byte)(c.value), v))
	return e
}

// A Record is what AppendBatch is to append.
type Record struct {
	Key       []byte // empty: the entry has none, and is in no index
	Value     []byte
	Meta      []byte  // the caller's own: encoding, headers, trace ids
	Tombstone bool    // delete the key
	Expect    *uint64 // what the key's latest entry is; None: is not known
	ExpectSeq *uint64 // the number that the entry has to get
	Stamp     *Stamp  // not to be older than the one in force for the key
}

// Seq is for Expect and ExpectSeq, which want a pointer.
func Seq(seq uint64) *uint64 {
	return &seq
}

func (r *Record) size() int {
	return len(r.Key) + len(r.Value) + len(r.Meta)
}

// flags are those that the packed form has as well.
func (r *Record) flags() (flags C.uint32_t) {
	if r.Tombstone {
		flags |= C.JOURNAL_TOMBSTONE
	}
	if r.Stamp != nil {
		flags |= C.JOURNAL_STAMPED
	}
	return flags
}

// newRecords copies records to memory of C's, to be freed: C may not be given
// memory of Go's that has pointers to memory of Go's.
func newRecords(records []Record) (*C.struct_journal_record, C.size_t) {
	const each = int(unsafe.Sizeof(C.struct_journal_record{}))
	size := len(records) * each
	for i := range records {
		size += records[i].size()
	}
	// Zero, because Go looks at a pointer that it writes over.
	memory := C.calloc(1, C.size_t(size)+1)
	c := (*C.struct_journal_record)(memory)
	rest := unsafe.Slice((*byte)(memory), size)[len(records)*each:]
	for i := range records {
		target := &unsafe.Slice(c, len(records))[i]
		rest = records[i].put(target, rest)
	}
	return c, C.size_t(len(records))
}

// put writes a record to target, which is zero, and its bytes to memory, and
// returns the memory that is left.
func (r *Record) put(target *C.struct_journal_record, memory []byte) []byte {
	take := func(bytes []byte, pointer *unsafe.Pointer, size *C.size_t) {
		if len(bytes) > 0 {
			*pointer = unsafe.Pointer(&memory[0])
			*size = C.size_t(copy(memory, bytes))
			memory = memory[len(bytes):]
		}
	}
	take(r.Key, &target.key, &target.key_size)
	take(r.Value, &target.value, &target.value_size)
	take(r.Meta, &target.meta, &target.meta_size)
	target.flags = r.flags()
	if r.Expect != nil {
		target.flags |= C.JOURNAL_EXPECT
		target.expect = C.uint64_t(*r.Expect)
	}
	if r.ExpectSeq != nil {
		target.flags |= C.JOURNAL_EXPECT_SEQ
		target.expect_seq = C.uint64_t(*r.ExpectSeq)
	}
	if r.Stamp != nil {
		target.stamp.time = C.uint64_t(r.Stamp.Time)
		copy(unsafe.Slice((*byte)(&target.stamp.id[0]), 16), r.Stamp.ID[:])
	}
	return memory
}
