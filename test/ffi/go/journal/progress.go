// progress.go - long calls: they tell how far they are, and may be canceled.

package journal

// #include <journal.h>
import "C"

import (
	"context"
	"errors"
	"runtime/cgo"
	"syscall"
	"unsafe"
)

// A Progress is told that done of total has been done; the total may grow.
type Progress func(done, total uint64)

// A watch is what a long call reports to.
type watch struct {
	ctx      context.Context
	progress Progress
	panicked bool
	panic    any
}

//export journalGoProgress
func journalGoProgress(context unsafe.Pointer, done, total C.uint64_t) C.int {
	w := (*(*cgo.Handle)(context)).Value().(*watch)
	return w.tell(uint64(done), uint64(total))
}

// tell returns whether C is to stop.  A panic must not unwind through C, which
// would never let go of what it holds: it is kept for later.
func (w *watch) tell(done, total uint64) (stop C.int) {
	defer func() {
		if w.panicked {
			w.panic = recover()
			stop = 1
		}
	}()
	if w.ctx.Err() != nil {
		return 1
	}
	if w.progress != nil {
		w.panicked = true
		w.progress(done, total)
		w.panicked = false
	}
	return 0
}

// watched makes a call of C's with a context for its progress function.  C gets
// a handle of the watch, which Go may not move or forget meanwhile.
func watched(ctx context.Context, op string, progress Progress,
	call func(context unsafe.Pointer) C.int) error {
	w := &watch{ctx: ctx, progress: progress}
	handle := cgo.NewHandle(w)
	defer handle.Delete()

	result := call(unsafe.Pointer(&handle))
	if w.panicked {
		panic(w.panic)
	}
	err := failure(op, result)
	if errors.Is(err, syscall.ECANCELED) && ctx.Err() != nil {
		return &Error{op, ctx.Err()}
	}
	return err
}
