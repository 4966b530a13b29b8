// errors_test.go - each code has its name, its words and its kin in Go.

package journal_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/libjournal/journal"
)

var names = []struct {
	code journal.Code
	name string
}{
	{journal.ErrEnd, "JOURNAL_END"},
	{journal.ErrNotFound, "JOURNAL_NOT_FOUND"},
	{journal.ErrPruned, "JOURNAL_PRUNED"},
	{journal.ErrOutOfRange, "JOURNAL_OUT_OF_RANGE"},
	{journal.ErrConflict, "JOURNAL_CONFLICT"},
	{journal.ErrOutdated, "JOURNAL_OUTDATED"},
	{journal.ErrTooBig, "JOURNAL_TOO_BIG"},
	{journal.ErrFull, "JOURNAL_FULL"},
	{journal.ErrReadOnly, "JOURNAL_READ_ONLY"},
	{journal.ErrBusy, "JOURNAL_BUSY"},
	{journal.ErrCorrupt, "JOURNAL_CORRUPT"},
	{journal.ErrFailed, "JOURNAL_FAILED"},
	{journal.ErrUnsupported, "JOURNAL_UNSUPPORTED"},
	{journal.ErrTimeout, "JOURNAL_TIMEOUT"},
	{journal.ErrForked, "JOURNAL_FORKED"},
	{journal.ErrExists, "JOURNAL_EXISTS"},
}

func TestEachCodeHasANameAndWords(t *testing.T) {
	words := map[string]bool{}
	for i, it := range names {
		equal(t, int(it.code), -1-i)
		equal(t, it.code.Name(), it.name)
		holds(t, it.code.Error() != "" && !words[it.code.Error()])
		words[it.code.Error()] = true
	}
	equal(t, journal.Code(-17).Name(), "UNKNOWN")
}

func TestErrorsAreThoseOfGoToo(t *testing.T) {
	path := t.TempDir() + "/journal"
	_, err := journal.Open(path, journal.Existing)
	fails(t, err, fs.ErrNotExist)
	holds(t, !errors.Is(err, fs.ErrExist))
	_, err = journal.Open(path + "/far/away")
	fails(t, err, syscall.ENOENT)
	fails(t, err, fs.ErrNotExist)
	holds(t, strings.Contains(err.Error(), path))

	openAt(t, path)
	fails(t, only(journal.Open(path, journal.New)), fs.ErrExist)
	reader := openAt(t, path, journal.ReadOnly)
	fails(t, reader.Sync(), fs.ErrPermission)

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	err = reader.Wait(ctx, 0)
	fails(t, err, context.DeadlineExceeded)
	fails(t, err, os.ErrDeadlineExceeded)
	var timeout interface{ Timeout() bool }
	holds(t, errors.As(err, &timeout) && timeout.Timeout())
	var other *net.OpError
	holds(t, !errors.As(err, &other))
}

func TestErrorsSayWhatWasToBeDone(t *testing.T) {
	j := open(t)
	var failure *journal.Error
	err := only(j.Read(5))
	holds(t, errors.As(err, &failure))
	equal(t, failure.Op, "read")
	equal(t, failure.Err, journal.ErrOutOfRange)
	var code journal.Code
	holds(t, errors.As(err, &code))
	equal(t, code, journal.ErrOutOfRange)
	equal(t, err.Error(), "journal: read: "+code.Error())
}

func TestMistakesInArgumentsAreEINVAL(t *testing.T) {
	j := open(t)
	fails(t, only(j.Get(nil)), syscall.EINVAL)
	fails(t, only(j.GetAt([]byte{}, 0)), syscall.EINVAL)
	fails(t, only(j.Delete(nil)), syscall.EINVAL)
	fails(t, only(j.AppendBatch()), syscall.EINVAL)
	fails(t, j.Mark("", 0), syscall.EINVAL)
	fails(t, j.Mark("a\x00b", 0), syscall.EINVAL)
	fails(t, j.Mark("\xff", 0), syscall.EINVAL)
	fails(t, j.Mark(strings.Repeat("m", 256), 0), syscall.EINVAL)
	fails(t, j.Rewind(1), syscall.EINVAL)
	fails(t, only(j.Prune(0, journal.PruneOption(64))), syscall.EINVAL)
	equal(t, size(j), uint64(0))
}
