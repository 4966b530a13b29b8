// packed.go - the packed form that journal.h draws, written and read.

package journal

// #include <journal.h>
import "C"

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

const (
	headerSize = 56
	stampSize  = 24
)

// ErrNotPacked is what Unpack returns for bytes that are not in the packed form.
var ErrNotPacked = errors.New("journal: not in the packed form")

// Pack adds the record to bytes, for AppendPacked.  The packed form has no room
// for expectations: these are left out.
func (r *Record) Pack(bytes []byte) []byte {
	size := headerSize + r.size()
	if r.Stamp != nil {
		size += stampSize
	}
	total := (size + 7) / 8 * 8
	order := binary.LittleEndian

	bytes = order.AppendUint32(bytes, clipped(total))
	bytes = order.AppendUint32(bytes, uint32(r.flags()))
	bytes = append(bytes, make([]byte, 32)...) // seq to revision: not ours
	bytes = order.AppendUint32(bytes, clipped(len(r.Key)))
	bytes = order.AppendUint32(bytes, clipped(len(r.Meta)))
	bytes = order.AppendUint32(bytes, clipped(len(r.Value)))
	bytes = order.AppendUint32(bytes, 0)
	if r.Stamp != nil {
		bytes = order.AppendUint64(bytes, r.Stamp.Time)
		bytes = append(bytes, r.Stamp.ID[:]...)
	}
	bytes = append(bytes, r.Key...)
	bytes = append(bytes, r.Meta...)
	bytes = append(bytes, r.Value...)
	return append(bytes, make([]byte, total-size)...)
}

// clipped makes what is over the maximum the largest there is, which the library
// refuses.
func clipped(size int) uint32 {
	if size > math.MaxUint32 {
		return math.MaxUint32
	}
	return uint32(size)
}

// Unpack returns the first entry of packed bytes and the bytes behind it.  Key,
// value and meta lie in these bytes, so they are gone when these are filled
// again.
func Unpack(packed []byte) (entry Entry, rest []byte, err error) {
	order := binary.LittleEndian
	if len(packed) < headerSize {
		return Entry{}, nil, ErrNotPacked
	}
	total := uint64(order.Uint32(packed))
	flags := order.Uint32(packed[4:])
	k := uint64(order.Uint32(packed[40:]))
	m := uint64(order.Uint32(packed[44:]))
	v := uint64(order.Uint32(packed[48:]))
	at := uint64(headerSize)
	if flags&C.JOURNAL_STAMPED != 0 {
		at += stampSize
	}
	if total > uint64(len(packed)) || at+k+m+v > total {
		return Entry{}, nil, ErrNotPacked
	}
	entry = Entry{
		Seq:       order.Uint64(packed[8:]),
		Time:      time.Unix(0, int64(order.Uint64(packed[16:]))),
		Prev:      order.Uint64(packed[24:]),
		Revision:  order.Uint64(packed[32:]),
		Tombstone: flags&C.JOURNAL_TOMBSTONE != 0,
		Key:       packed[at : at+k : at+k],
		Meta:      packed[at+k : at+k+m : at+k+m],
		Value:     packed[at+k+m : at+k+m+v : at+k+m+v],
	}
	if flags&C.JOURNAL_STAMPED != 0 {
		entry.Stamp = &Stamp{Time: order.Uint64(packed[headerSize:])}
		copy(entry.Stamp.ID[:], packed[headerSize+8:])
	}
	return entry, packed[total:], nil
}
