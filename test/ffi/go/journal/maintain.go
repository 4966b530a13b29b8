// maintain.go - upkeep: prune, rewind, marks, figures, damage.

package journal

/*
#include <journal.h>
#include <stdlib.h>

int journalGoProgress(void *context, uint64_t done, uint64_t total);
*/
import "C"

import (
	"context"
	"unsafe"
)

// A PruneOption says how Prune goes about it.
type PruneOption C.uint32_t

const (
	// KeepLatest keeps the latest entry of each key: compaction.
	KeepLatest PruneOption = C.JOURNAL_PRUNE_KEEP_LATEST
	// PastMarks does not stop at the slowest mark.
	PastMarks PruneOption = C.JOURNAL_PRUNE_PAST_MARKS
)

// Prune removes the entries below a number, and returns how many that were.
func (j *Journal) Prune(before uint64, options ...PruneOption) (uint64, error) {
	var flags C.uint32_t
	for _, option := range options {
		flags |= C.uint32_t(option)
	}
	return j.number("prune", func(h handle, removed number) C.int {
		return C.journal_prune(h, C.uint64_t(before), flags, removed)
	})
}

// Rewind keeps the entries below size, and drops the others.
func (j *Journal) Rewind(size uint64) error {
	return j.do("rewind", func(h handle) C.int {
		return C.journal_rewind(h, C.uint64_t(size))
	})
}

// named makes a call with the name of a mark.
func (j *Journal) named(op, name string,
	call func(h handle, name *C.char, seq number) C.int) (uint64, error) {
	c, err := newCString(name)
	if err != nil {
		return 0, &Error{op, err}
	}
	defer C.free(unsafe.Pointer(c))
	return j.number(op, func(h handle, seq number) C.int {
		return call(h, c, seq)
	})
}

// Mark sets a mark: all below seq has been handled.
func (j *Journal) Mark(name string, seq uint64) error {
	_, err := j.named("mark", name,
		func(h handle, name *C.char, _ number) C.int {
			return C.journal_mark(h, name, C.uint64_t(seq))
		})
	return err
}

// Marked returns where a mark stands; ErrNotFound if there is none.
func (j *Journal) Marked(name string) (uint64, error) {
	return j.named("mark", name,
		func(h handle, name *C.char, seq number) C.int {
			return C.journal_marked(h, name, seq)
		})
}

// Unmark removes a mark; ErrNotFound if there is none.
func (j *Journal) Unmark(name string) error {
	_, err := j.named("unmark", name,
		func(h handle, name *C.char, _ number) C.int {
			return C.journal_unmark(h, name)
		})
	return err
}

// A Mark is a position with a name.
type Mark struct {
	Name string
	Seq  uint64
}

// Marks returns all there are, in the order of names.
func (j *Journal) Marks() (marks []Mark, err error) {
	var name [C.JOURNAL_MARK_SIZE]C.char
	for {
		seq, err := j.number("marks", func(h handle, seq number) C.int {
			return C.journal_next_mark(h, &name[0], seq)
		})
		if is(err, ErrEnd) {
			return marks, nil
		}
		if err != nil {
			return nil, err
		}
		marks = append(marks, Mark{C.GoString(&name[0]), seq})
	}
}

// A Stat is the figures of a journal, all of one moment; journal.h says what
// each is.
type Stat struct {
	First, Size, DurableSize       uint64
	Entries, Keys, Tombstones      uint64
	BytesLogical                   uint64
	BytesUsed, BytesFile, BytesMax uint64
	TailBytesUsed, TailBytes       uint64
	FirstTime, LastTime            uint64
	Format                         uint64
	ID                             [16]byte
	Marks                          uint64
}

// Stat returns the figures.
func (j *Journal) Stat() (*Stat, error) {
	var c C.struct_journal_stat
	c.struct_size = C.uint32_t(unsafe.Sizeof(c))
	err := j.do("stat", func(h handle) C.int {
		return C.journal_stat(h, &c)
	})
	if err != nil {
		return nil, err
	}
	stat := &Stat{
		First: uint64(c.first), Size: uint64(c.size),
		DurableSize: uint64(c.durable_size),
		Entries:     uint64(c.entries), Keys: uint64(c.keys),
		Tombstones:   uint64(c.tombstones),
		BytesLogical: uint64(c.bytes_logical),
		BytesUsed:    uint64(c.bytes_used), BytesFile: uint64(c.bytes_file),
		BytesMax:      uint64(c.bytes_max),
		TailBytesUsed: uint64(c.tail_bytes_used),
		TailBytes:     uint64(c.tail_bytes),
		FirstTime:     uint64(c.first_time), LastTime: uint64(c.last_time),
		Format: uint64(c.format), Marks: uint64(c.marks),
	}
	copy(stat.ID[:], unsafe.Slice((*byte)(&c.id[0]), len(stat.ID)))
	return stat, nil
}

func (j *Journal) size() (uint64, error) {
	stat, err := j.Stat()
	if err != nil {
		return 0, err
	}
	return stat.Size, nil
}

// A Report is what Verify or Salvage has found; journal.h says what each is.
type Report struct {
	Unsure                          bool
	EntriesChecked, EntriesBad      uint64
	IndexBad, LinksBad, PagesBad    uint64
	FirstBad                        uint64 // or None
	Salvaged                        uint64
	TailRecords, TailBytesDiscarded uint64
}

func newReport(c *C.struct_journal_report) *Report {
	return &Report{
		Unsure:         c.flags&C.JOURNAL_REPORT_UNSURE != 0,
		EntriesChecked: uint64(c.entries_checked),
		EntriesBad:     uint64(c.entries_bad),
		IndexBad:       uint64(c.index_bad), LinksBad: uint64(c.links_bad),
		PagesBad: uint64(c.pages_bad), FirstBad: uint64(c.first_bad),
		Salvaged: uint64(c.salvaged), TailRecords: uint64(c.tail_records),
		TailBytesDiscarded: uint64(c.tail_bytes_discarded),
	}
}

// Verify looks at everything.  With ErrCorrupt, too, the report is there: it
// says what is damaged.  Progress may be nil, and must not close the journal.
func (j *Journal) Verify(ctx context.Context, progress Progress) (*Report, error) {
	var c C.struct_journal_report
	c.struct_size = C.uint32_t(unsafe.Sizeof(c))
	if err := j.enter(); err != nil {
		return nil, &Error{"verify", err}
	}
	defer j.leave()
	err := watched(ctx, "verify", progress, func(context unsafe.Pointer) C.int {
		return C.journal_verify(j.handle, &c,
			C.journal_progress(C.journalGoProgress), context)
	})
	if err != nil && !is(err, ErrCorrupt) {
		return nil, err
	}
	return newReport(&c), err
}

// Backup makes a journal at path of all that is readable now.
func (j *Journal) Backup(ctx context.Context, path string, progress Progress) error {
	name, err := newCString(path)
	if err != nil {
		return &Error{"backup " + path, err}
	}
	defer C.free(unsafe.Pointer(name))
	if err := j.enter(); err != nil {
		return &Error{"backup " + path, err}
	}
	defer j.leave()
	return watched(ctx, "backup "+path, progress, func(context unsafe.Pointer) C.int {
		return C.journal_backup(j.handle, name, 0,
			C.journal_progress(C.journalGoProgress), context)
	})
}

// Salvage makes a new journal at to of what can be read of a damaged one.
func Salvage(ctx context.Context, from, to string, progress Progress) (*Report, error) {
	var c C.struct_journal_report
	c.struct_size = C.uint32_t(unsafe.Sizeof(c))
	source, err := newCString(from)
	if err != nil {
		return nil, &Error{"salvage " + from, err}
	}
	defer C.free(unsafe.Pointer(source))
	target, err := newCString(to)
	if err != nil {
		return nil, &Error{"salvage " + from, err}
	}
	defer C.free(unsafe.Pointer(target))

	err = watched(ctx, "salvage "+from, progress, func(context unsafe.Pointer) C.int {
		return C.journal_salvage(source, target, &c,
			C.journal_progress(C.journalGoProgress), context)
	})
	if err != nil {
		return nil, err
	}
	return newReport(&c), nil
}

// Destroy removes a journal from the disk; ErrBusy while anybody has it open.
func Destroy(path string) error {
	name, err := newCString(path)
	if err != nil {
		return &Error{"destroy " + path, err}
	}
	defer C.free(unsafe.Pointer(name))
	return failure("destroy "+path, C.journal_destroy(name))
}
