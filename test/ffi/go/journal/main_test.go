// main_test.go - what the tests share, and the second process of some.

package journal_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"example.org/libjournal/journal"
)

// TestMain is also the second process: this program again, with a word of what
// to do in its environment.
func TestMain(m *testing.M) {
	if what := os.Getenv("JOURNAL_TEST_CHILD"); what != "" {
		childMain(what, os.Args[1], os.Args[2])
		return
	}
	os.Exit(m.Run())
}

func childMain(what, path, number string) {
	if err := child(what, path, number); err != nil {
		fmt.Print(err)
	} else {
		fmt.Print("done")
	}
}

func child(what, path, number string) error {
	var options []journal.OpenOption
	if what == "open-exclusive" {
		options = append(options, journal.Exclusive)
	}
	switch what {
	case "descriptors":
		fmt.Print(openBelow(path), " ")
		return nil
	case "fail":
		return failingChild(path)
	}
	j, err := journal.Open(path, options...)
	if err != nil {
		return err
	}
	defer j.Close()
	count, err := strconv.Atoi(number)
	for i := 0; i < count && err == nil; i++ {
		_, err = j.Append([]byte("child"), []byte(strconv.Itoa(i)))
	}
	return err
}

// Files may not grow beyond a limit, so a write fails in the midst of the tail.
func failingChild(path string) error {
	j := must(journal.Open(path))
	defer j.Close()
	put(j, "k", "first")
	put(j, "k", "whole") // the second makes the tail
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 65536, Max: 65536}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	var errno syscall.Errno
	fmt.Print(errors.As(only(j.Append([]byte("k"), make([]byte, 100000))), &errno))
	fmt.Printf(" %s ", must(j.Get([]byte("k"))).Value)
	return only(j.Append([]byte("k"), []byte("small")))
}

func childCommand(what, path string, number int) *exec.Cmd {
	command := exec.Command(os.Args[0], path, strconv.Itoa(number))
	command.Env = append(os.Environ(), "JOURNAL_TEST_CHILD="+what)
	return command
}

// inChild returns what the second process has printed.
func inChild(what, path string, number int) string {
	return string(must(childCommand(what, path, number).Output()))
}

// openBelow counts this process's descriptors of files below a directory.
func openBelow(path string) int {
	count := 0
	for _, entry := range must(os.ReadDir("/proc/self/fd")) {
		target, _ := os.Readlink("/proc/self/fd/" + entry.Name())
		if strings.HasPrefix(target, path) {
			count++
		}
	}
	return count
}

// must is for calls whose failure leaves nothing to be tested.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func fails(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%v, and not %v", err, want)
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, and not %v", got, want)
	}
}

func holds(t *testing.T, claim bool) {
	t.Helper()
	if !claim {
		t.Error("does not hold")
	}
}

// only drops what a call gives besides its error.
func only[T any](_ T, err error) error {
	return err
}

// open makes a journal, which is closed at the end of the test.
func open(t *testing.T, options ...journal.OpenOption) *journal.Journal {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "journal"), options...)
}

func openAt(t *testing.T, path string, options ...journal.OpenOption) *journal.Journal {
	t.Helper()
	j, err := journal.Open(path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func put(j *journal.Journal, key, value string) uint64 {
	return must(j.Append([]byte(key), []byte(value)))
}

func size(j *journal.Journal) uint64 {
	return must(j.Stat()).Size
}

// entries returns all that a cursor gives, and closes it.
func entries(t *testing.T, cursor *journal.Cursor, err error) (all []*journal.Entry) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer cursor.Close()
	for cursor.Next() {
		all = append(all, cursor.Entry())
	}
	ok(t, cursor.Err())
	return all
}

// seqs returns the numbers of the entries that match.
func seqs(t *testing.T, j *journal.Journal, options ...journal.QueryOption) []uint64 {
	t.Helper()
	found := []uint64{}
	cursor, err := j.Query(options...)
	for _, entry := range entries(t, cursor, err) {
		found = append(found, entry.Seq)
	}
	return found
}
