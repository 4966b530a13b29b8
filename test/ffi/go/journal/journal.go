// journal.go - journals: opened, closed, and what is asked of them.

// Package journal keeps a durable, ordered, complete history, by libjournal.
//
//	j, err := journal.Open("accounts")
//	if err != nil {
//		return err
//	}
//	defer j.Close()
//	seq, err := j.Append([]byte("alice"), []byte("10 EUR"))
//
// A Journal may be used by any number of goroutines, a Cursor by one at a time.
// What they hand out are copies.  Whoever forgets to close one leaves that to
// the garbage collector, which does it at some time or other.
package journal

/*
#cgo pkg-config: libjournal
#include <journal.h>
#include <stdlib.h>
*/
import "C"

import (
	"context"
	"math"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// None names no entry.
const None uint64 = math.MaxUint64

// Most bytes in a key, in a meta, in a value.
const (
	KeyMax   = C.JOURNAL_KEY_MAX
	MetaMax  = C.JOURNAL_META_MAX
	ValueMax = C.JOURNAL_VALUE_MAX
)

// What goes into C, and where it writes to.
type (
	handle   = *C.struct_journal
	number   = *C.uint64_t
	entryOut = **C.struct_journal_entry
)

// A Journal is open until Close.
type Journal struct {
	handle handle
	calls  sync.WaitGroup // in progress, in C
	mutex  sync.Mutex
	closed bool // and with it, no further call begins
}

// Open opens the journal in the directory path, or creates it.
func Open(path string, options ...OpenOption) (*Journal, error) {
	var o openOptions
	C.journal_options_init(&o.c)
	for _, option := range options {
		option(&o)
	}
	name, err := newCString(path)
	if err != nil {
		return nil, &Error{"open " + path, err}
	}
	defer C.free(unsafe.Pointer(name))

	j := &Journal{}
	result := C.journal_open(name, &o.c, &j.handle)
	if err := failure("open "+path, result); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(j, (*Journal).Close)
	return j, nil
}

// Close waits for the calls in progress, and then closes the journal.  Later
// calls give ErrClosed, as does another Close.
func (j *Journal) Close() error {
	j.mutex.Lock()
	closed := j.closed
	j.closed = true
	j.mutex.Unlock()
	if closed {
		return &Error{"close", ErrClosed}
	}
	j.calls.Wait()
	runtime.SetFinalizer(j, nil)
	C.journal_close(j.handle)
	return nil
}

// enter begins a call, during which the handle stays open; leave ends it.
func (j *Journal) enter() error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.closed {
		return ErrClosed
	}
	j.calls.Add(1)
	return nil
}

// As it comes after the call, it also keeps the garbage collector away.
func (j *Journal) leave() {
	j.calls.Done()
}

// do makes a call of C's on a journal that is open.
func (j *Journal) do(op string, call func(handle) C.int) error {
	if err := j.enter(); err != nil {
		return &Error{op, err}
	}
	defer j.leave()
	return failure(op, call(j.handle))
}

// number is do for a call that gives a number.
func (j *Journal) number(op string,
	call func(handle, number) C.int) (uint64, error) {
	var number C.uint64_t
	err := j.do(op, func(h handle) C.int {
		return call(h, &number)
	})
	if err != nil {
		return 0, err
	}
	return uint64(number), nil
}

// entry is do for a call that gives an entry, which is copied and freed.
func (j *Journal) entry(op string,
	call func(handle, entryOut) C.int) (*Entry, error) {
	var c *C.struct_journal_entry
	err := j.do(op, func(h handle) C.int {
		return call(h, &c)
	})
	if err != nil {
		return nil, err
	}
	defer C.journal_entry_free(c)
	return newEntry(c), nil
}

// Append adds an entry to the end, and returns its number once it is durable.
// An empty key: the entry has none.
func (j *Journal) Append(key, value []byte) (uint64, error) {
	k, v := addressable(key), addressable(value)
	return j.number("append", func(h handle, seq number) C.int {
		return C.journal_append(h, unsafe.Pointer(&k[0]),
			C.size_t(len(key)), unsafe.Pointer(&v[0]), C.size_t(len(value)), seq)
	})
}

// Delete appends a tombstone, whether there is such a key or not.
func (j *Journal) Delete(key []byte) (uint64, error) {
	k := addressable(key)
	return j.number("delete", func(h handle, seq number) C.int {
		return C.journal_delete(h, unsafe.Pointer(&k[0]),
			C.size_t(len(key)), seq)
	})
}

// AppendBatch appends all of the records or none, and returns the number of the
// first.
func (j *Journal) AppendBatch(records ...Record) (uint64, error) {
	c, count := newRecords(records)
	defer C.free(unsafe.Pointer(c))
	return j.number("append", func(h handle, seq number) C.int {
		return C.journal_append_batch(h, c, count, seq)
	})
}

// AppendPacked appends what Record.Pack or Cursor.Fill has written, all or
// nothing, and returns the number of the first entry and how many there are.
func (j *Journal) AppendPacked(packed []byte) (first uint64, count int, err error) {
	var c C.size_t
	p := addressable(packed)
	first, err = j.number("append", func(h handle, seq number) C.int {
		return C.journal_append_packed(h, unsafe.Pointer(&p[0]),
			C.size_t(len(packed)), &c, seq)
	})
	return first, int(c), err
}

// Sync makes everything that has been appended survive loss of power.
func (j *Journal) Sync() error {
	return j.do("sync", func(h handle) C.int {
		return C.journal_sync(h)
	})
}

// Get returns the latest entry of a key; ErrNotFound if it is not known, or
// deleted.
func (j *Journal) Get(key []byte) (*Entry, error) {
	k := addressable(key)
	return j.entry("get", func(h handle, entry entryOut) C.int {
		return C.journal_get(h, unsafe.Pointer(&k[0]),
			C.size_t(len(key)), entry)
	})
}

// GetAt returns what Get returned when the journal had the size limit.
func (j *Journal) GetAt(key []byte, limit uint64) (*Entry, error) {
	k := addressable(key)
	return j.entry("get", func(h handle, entry entryOut) C.int {
		return C.journal_get_at(h, unsafe.Pointer(&k[0]),
			C.size_t(len(key)), C.uint64_t(limit), entry)
	})
}

// Read returns the entry with a number.
func (j *Journal) Read(seq uint64) (*Entry, error) {
	return j.entry("read", func(h handle, entry entryOut) C.int {
		return C.journal_read(h, C.uint64_t(seq), entry)
	})
}

// FindTime returns the number of the first entry appended at that time or
// later; the size where there is none.
func (j *Journal) FindTime(t time.Time) (uint64, error) {
	return j.number("find time", func(h handle, seq number) C.int {
		return C.journal_find_time(h, nanoseconds(t), seq)
	})
}

// A call in C hears of no context, so it waits a little and is made again: so
// long may a cancellation, or a Close, stay unnoticed.
const look = 50 * time.Millisecond

// Wait waits until the entry with that number has been appended, or the context
// is done: ErrTimeout at its deadline, which is a context.DeadlineExceeded too,
// or context.Canceled.  It looks at least once.  Each goroutine that waits needs
// a thread.
func (j *Journal) Wait(ctx context.Context, seq uint64) error {
	for {
		there, err := j.waitALittle(ctx, seq)
		if there || err != nil {
			return err
		}
	}
}

// waitALittle returns false, and no error, if there is time to wait more.
func (j *Journal) waitALittle(ctx context.Context, seq uint64) (bool, error) {
	err := j.wait(seq, patience(ctx, look))
	if !is(err, ErrTimeout) {
		return err == nil, err
	}
	switch ctx.Err() {
	case nil:
		return false, nil
	case context.DeadlineExceeded:
		return false, err
	default:
		return false, &Error{"wait", ctx.Err()}
	}
}

func (j *Journal) wait(seq uint64, timeout time.Duration) error {
	return j.do("wait", func(h handle) C.int {
		return C.journal_wait(h, C.uint64_t(seq),
			C.int64_t(timeout.Nanoseconds()))
	})
}

// patience returns how long to wait for what must not be waited for any more
// once ctx is done.
func patience(ctx context.Context, most time.Duration) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		if left < 0 {
			return 0
		}
		if left < most {
			return left
		}
	}
	return most
}

// addressable returns bytes, or if there are none some others that have an
// address.  The expression &k[0] in a call tells cgo to look at those bytes
// only, and not at whatever they are a part of.
func addressable(bytes []byte) []byte {
	if len(bytes) == 0 {
		return nothing[:]
	}
	return bytes
}

var nothing [1]byte

// newCString returns a string to be freed.  C would take a NUL for its end.
func newCString(s string) (*C.char, error) {
	if strings.IndexByte(s, 0) >= 0 {
		return nil, syscall.EINVAL
	}
	return C.CString(s), nil
}

// nanoseconds since 1970; what was before that is as if it was then.
func nanoseconds(t time.Time) C.uint64_t {
	if t.Unix() < 0 {
		return 0
	}
	return C.uint64_t(t.UnixNano())
}

// Version returns the version of the library that is loaded, in words with
// those of LMDB and xxHash.
func Version() string {
	return C.GoString(C.journal_version_string())
}
