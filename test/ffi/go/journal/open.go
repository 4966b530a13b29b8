// open.go - how a journal is opened.

package journal

// #include <journal.h>
import "C"

import (
	"io/fs"
	"time"
)

type openOptions struct {
	c C.struct_journal_options
}

// An OpenOption says how: Open(path, journal.Relaxed, journal.Mode(0600)).
type OpenOption func(*openOptions)

// Existing never creates a journal: ErrNotFound.
func Existing(o *openOptions) { o.c.flags |= C.JOURNAL_OPEN_EXISTING }

// New creates a journal, or gives ErrExists.
func New(o *openOptions) { o.c.flags |= C.JOURNAL_OPEN_NEW }

// ReadOnly never creates and never changes a journal.
func ReadOnly(o *openOptions) { o.c.flags |= C.JOURNAL_OPEN_READ_ONLY }

// Exclusive lets no other process write.
func Exclusive(o *openOptions) { o.c.flags |= C.JOURNAL_OPEN_EXCLUSIVE }

// Immutable, with ReadOnly, says that nobody writes, and takes no locks.
func Immutable(o *openOptions) { o.c.flags |= C.JOURNAL_OPEN_IMMUTABLE }

// Relaxed lets an append return once it survives the death of the process; it
// survives loss of power once Sync has been called.
func Relaxed(o *openOptions) { o.c.durability = C.JOURNAL_RELAXED }

// Mode sets the permissions of new files.
func Mode(mode fs.FileMode) OpenOption {
	return func(o *openOptions) { o.c.mode = C.uint32_t(mode.Perm()) }
}

// FirstSeq sets the number of the first entry of a journal that is created.
func FirstSeq(seq uint64) OpenOption {
	return func(o *openOptions) { o.c.first_seq = C.uint64_t(seq) }
}

// BytesMax limits the bytes on the disk: over them an append gives ErrFull.
func BytesMax(bytes uint64) OpenOption {
	return func(o *openOptions) { o.c.bytes_max = C.uint64_t(bytes) }
}

// KeepEntries lets appends remove the oldest entries over so many.
func KeepEntries(count uint64) OpenOption {
	return func(o *openOptions) { o.c.keep_entries = C.uint64_t(count) }
}

// KeepBytes does so by the bytes of keys, metas and values.
func KeepBytes(bytes uint64) OpenOption {
	return func(o *openOptions) { o.c.keep_bytes = C.uint64_t(bytes) }
}

// KeepAge does so by age.
func KeepAge(age time.Duration) OpenOption {
	return func(o *openOptions) { o.c.keep_ns = C.uint64_t(age) }
}

// TailBytes sets the size of the tail.
func TailBytes(bytes uint64) OpenOption {
	return func(o *openOptions) { o.c.tail_bytes = C.uint64_t(bytes) }
}
