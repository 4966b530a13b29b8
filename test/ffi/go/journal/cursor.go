// cursor.go - replays, queries, and entries as they come.

package journal

/*
#include <journal.h>
#include <stdlib.h>
*/
import "C"

import (
	"context"
	"io"
	"runtime"
	"time"
	"unsafe"
)

// A query is a struct of C's, and the key that is to go into it.  C may see the
// first, but nothing that points to memory of Go's, as the second does.
type query struct {
	c   *C.struct_journal_query
	key []byte
}

// A QueryOption says which entries: j.Query(journal.Prefix("fruit/"),
// journal.Latest).  Without any it is all there are.
type QueryOption func(*query)

func match(kind C.uint32_t, key []byte) QueryOption {
	return func(q *query) {
		q.c.match = kind
		q.key = key
	}
}

// Key asks for the history of one key.
func Key[B ~string | ~[]byte](key B) QueryOption {
	return match(C.JOURNAL_MATCH_KEY, []byte(key))
}

// Prefix asks for keys that begin with these bytes.
func Prefix[B ~string | ~[]byte](prefix B) QueryOption {
	return match(C.JOURNAL_MATCH_PREFIX, []byte(prefix))
}

// Expr asks for keys that match a key expression, which has to be canonical.
func Expr[B ~string | ~[]byte](expr B) QueryOption {
	return match(C.JOURNAL_MATCH_EXPR, []byte(expr))
}

// From asks for numbers from first on.
func From(first uint64) QueryOption {
	return func(q *query) { q.c.first = C.uint64_t(first) }
}

// Limit asks for numbers below limit.
func Limit(limit uint64) QueryOption {
	return func(q *query) { q.c.limit = C.uint64_t(limit) }
}

// Since asks for what was appended at t or later.
func Since(t time.Time) QueryOption {
	return func(q *query) { q.c.since = nanoseconds(t) }
}

// Until asks for what was appended before t.
func Until(t time.Time) QueryOption {
	return func(q *query) { q.c.until = nanoseconds(t) }
}

// FromRevision, with Key, asks for entries from that revision on.
func FromRevision(revision uint64) QueryOption {
	return func(q *query) { q.c.first_revision = C.uint64_t(revision) }
}

// Reverse asks for the newest first.
func Reverse(q *query) { q.c.flags |= C.JOURNAL_QUERY_REVERSE }

// Latest asks for the latest entry of each key only.
func Latest(q *query) { q.c.flags |= C.JOURNAL_QUERY_LATEST }

// Live leaves out tombstones.
func Live(q *query) { q.c.flags |= C.JOURNAL_QUERY_LIVE }

// A Cursor goes through entries:
//
//	for cursor.Next() {
//		use(cursor.Entry())
//	}
//	if err := cursor.Err(); err != nil {
//		return err
//	}
//
// It may outlive its journal's Close, unless it follows, and others find the
// journal open until the cursor is closed, too; at its end it closes itself.
type Cursor struct {
	handle *C.struct_journal_cursor
	ended  bool
	entry  *Entry
	err    error

	// Of one that follows.
	journal *Journal
	ctx     context.Context
}

// Replay goes from the entry first to the present end; None: from the oldest.
func (j *Journal) Replay(first uint64) (*Cursor, error) {
	cursor := &Cursor{}
	err := j.do("replay", func(h handle) C.int {
		return C.journal_replay(h, C.uint64_t(first), &cursor.handle)
	})
	return opened(cursor, err)
}

// Query goes through the entries that match.
func (j *Journal) Query(options ...QueryOption) (*Cursor, error) {
	q := query{c: &C.struct_journal_query{}}
	C.journal_query_init(q.c)
	for _, option := range options {
		option(&q)
	}
	q.c.key = C.CBytes(q.key)
	q.c.key_size = C.size_t(len(q.key))
	defer C.free(q.c.key)

	cursor := &Cursor{}
	err := j.do("query", func(h handle) C.int {
		return C.journal_query(h, q.c, &cursor.handle)
	})
	return opened(cursor, err)
}

// Follow goes through the entries that match, and then through those to come:
// Next waits for them until the context is done, and Err is then that of Wait.
func (j *Journal) Follow(ctx context.Context, options ...QueryOption) (*Cursor, error) {
	follow := func(q *query) { q.c.flags |= C.JOURNAL_QUERY_FOLLOW }
	cursor, err := j.Query(append(options[:len(options):len(options)], follow)...)
	if err == nil {
		cursor.journal = j
		cursor.ctx = ctx
	}
	return cursor, err
}

func opened(cursor *Cursor, err error) (*Cursor, error) {
	if err != nil {
		return nil, err
	}
	runtime.SetFinalizer(cursor, (*Cursor).Close)
	return cursor, nil
}

// Close gives back what the cursor holds; it may be called at any time, and
// again.
func (c *Cursor) Close() error {
	runtime.SetFinalizer(c, nil)
	C.journal_cursor_close(c.handle)
	c.handle = nil
	c.entry = nil
	return nil
}

// Next goes to the next entry.  False: there is none, or Err says why not.
// ErrPruned and ErrCorrupt stand for entries that are missing; another Next goes
// on behind them.
func (c *Cursor) Next() bool {
	c.err = c.next()
	for c.err == io.EOF && c.journal != nil {
		c.err = c.more()
	}
	return c.err == nil
}

// more goes to the next entry of those to come; io.EOF: not yet.  A rewind may
// make the number to wait for a distant one, so the size is asked each time.
func (c *Cursor) more() error {
	// Asked before the cursor says once more that there is none: what is
	// appended in between has that number, or a higher one.
	size, err := c.journal.size()
	if err != nil {
		return err
	}
	if err := c.next(); err != io.EOF {
		return err
	}
	if _, err := c.journal.waitALittle(c.ctx, size); err != nil {
		return err
	}
	return io.EOF
}

// next reads one entry; io.EOF: there is none left.
func (c *Cursor) next() error {
	c.entry = nil
	if c.handle == nil {
		return c.gone("next")
	}
	var entry *C.struct_journal_entry
	result := C.journal_next(c.handle, &entry)
	if result == 0 {
		c.entry = newEntry(entry) // valid until the next call only
	}
	runtime.KeepAlive(c)
	if result == C.JOURNAL_END {
		return c.end()
	}
	return failure("next", result)
}

// end closes the cursor if nothing is to come any more.
func (c *Cursor) end() error {
	if c.journal == nil {
		c.ended = true
		c.Close()
	}
	return io.EOF
}

// gone tells a cursor that has come to its end from one that was closed before.
func (c *Cursor) gone(op string) error {
	if c.ended {
		return io.EOF
	}
	return &Error{op, ErrClosed}
}

// Entry returns the entry that Next has gone to, which is the caller's.
func (c *Cursor) Entry() *Entry {
	return c.entry
}

// Err returns why Next has returned false; nil: there are no more entries.
func (c *Cursor) Err() error {
	if c.err == io.EOF {
		return nil
	}
	return c.err
}

// Fill returns as many of the next entries as fit into buffer's capacity, in the
// packed form, for Unpack; io.EOF if there are none left.  If not even one fits,
// the buffer returned is a new one.
func (c *Cursor) Fill(buffer []byte) ([]byte, error) {
	for {
		if c.handle == nil {
			return nil, c.gone("fill")
		}
		var used C.size_t
		buffer = addressable(buffer[:cap(buffer)])
		result := C.journal_fill(c.handle, unsafe.Pointer(&buffer[0]),
			C.size_t(len(buffer)), &used, nil)
		runtime.KeepAlive(c)
		switch result {
		case 0:
			return buffer[:used], nil
		case C.JOURNAL_END:
			return nil, c.end()
		case C.JOURNAL_TOO_BIG:
			buffer = make([]byte, used)
		default:
			return nil, failure("fill", result)
		}
	}
}
