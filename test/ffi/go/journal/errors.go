// errors.go - a C result becomes an error.

package journal

// #include <journal.h>
import "C"

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// A Code is one of enum journal_error: one for each decision that a caller can
// make.  errors.Is(err, journal.ErrPruned) asks whether an error is that one.
type Code int32

// The codes.  JOURNAL_END is not among what calls return: it is what ends a
// loop.
const (
	ErrEnd         = Code(C.JOURNAL_END)
	ErrNotFound    = Code(C.JOURNAL_NOT_FOUND) // also fs.ErrNotExist
	ErrPruned      = Code(C.JOURNAL_PRUNED)
	ErrOutOfRange  = Code(C.JOURNAL_OUT_OF_RANGE)
	ErrConflict    = Code(C.JOURNAL_CONFLICT)
	ErrOutdated    = Code(C.JOURNAL_OUTDATED)
	ErrTooBig      = Code(C.JOURNAL_TOO_BIG)
	ErrFull        = Code(C.JOURNAL_FULL)
	ErrReadOnly    = Code(C.JOURNAL_READ_ONLY) // also fs.ErrPermission
	ErrBusy        = Code(C.JOURNAL_BUSY)
	ErrCorrupt     = Code(C.JOURNAL_CORRUPT)
	ErrFailed      = Code(C.JOURNAL_FAILED)
	ErrUnsupported = Code(C.JOURNAL_UNSUPPORTED)
	ErrTimeout     = Code(C.JOURNAL_TIMEOUT) // also context.DeadlineExceeded
	ErrForked      = Code(C.JOURNAL_FORKED)
	ErrExists      = Code(C.JOURNAL_EXISTS) // also fs.ErrExist
)

// ErrClosed is what a call on a Journal or a Cursor after its Close returns.
var ErrClosed = errors.New("has been closed")

// Error returns the library's words for the code.
func (code Code) Error() string {
	return C.GoString(C.journal_strerror(C.int(code)))
}

// Name returns "JOURNAL_PRUNED" and its like.
func (code Code) Name() string {
	return C.GoString(C.journal_errname(C.int(code)))
}

// Is makes the errors that Go has for the same thing match, as those of
// syscall.Errno do.
func (code Code) Is(target error) bool {
	switch code {
	case ErrNotFound:
		return target == fs.ErrNotExist
	case ErrExists:
		return target == fs.ErrExist
	case ErrReadOnly:
		return target == fs.ErrPermission
	case ErrTimeout:
		return target == context.DeadlineExceeded ||
			target == os.ErrDeadlineExceeded
	}
	return false
}

// An Error is what every call returns that has failed.
type Error struct {
	Op  string // what was to be done, "append"
	Err error  // a Code, a syscall.Errno, ErrClosed, or that of a context
}

func (e *Error) Error() string {
	return "journal: " + e.Op + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error {
	return e.Err
}

// Timeout is what os.IsTimeout() and its like ask.
func (e *Error) Timeout() bool {
	return e.Err == ErrTimeout
}

// failure returns the error that C means by a result, nil for 0.
func failure(op string, result C.int) error {
	switch {
	case result == 0:
		return nil
	case result < 0:
		return &Error{op, Code(result)}
	default:
		return &Error{op, syscall.Errno(result)}
	}
}

// is says whether err, of a call, is that code.
func is(err error, code Code) bool {
	e, ok := err.(*Error)
	return ok && e.Err == code
}
