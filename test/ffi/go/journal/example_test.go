// example_test.go - the package as its users write it.

package journal_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"example.org/libjournal/journal"
)

func Example() {
	directory, err := os.MkdirTemp("", "journal")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(directory)

	j, err := journal.Open(filepath.Join(directory, "accounts"))
	if err != nil {
		log.Fatal(err)
	}
	defer j.Close()

	seq, err := j.Append([]byte("alice"), []byte("10 EUR"))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := j.Append([]byte("alice"), []byte("25 EUR")); err != nil {
		log.Fatal(err)
	}

	now, err := j.Get([]byte("alice"))
	if err != nil {
		log.Fatal(err)
	}
	then, err := j.GetAt([]byte("alice"), seq+1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("now %s, then %s\n", now.Value, then.Value)

	cursor, err := j.Query(journal.Prefix("al"))
	if err != nil {
		log.Fatal(err)
	}
	defer cursor.Close()
	for cursor.Next() {
		fmt.Printf("%d %s\n", cursor.Entry().Seq, cursor.Entry().Value)
	}
	if err := cursor.Err(); err != nil {
		log.Fatal(err)
	}

	// Only if nobody has changed it since we looked.
	_, err = j.AppendBatch(journal.Record{
		Key:    []byte("alice"),
		Value:  []byte("5 EUR"),
		Expect: journal.Seq(seq),
	})
	var failure *journal.Error
	if errors.Is(err, journal.ErrConflict) && errors.As(err, &failure) {
		fmt.Println(failure.Op, "has failed:", failure.Err.(journal.Code).Name())
	}

	// Output:
	// now 25 EUR, then 10 EUR
	// 0 10 EUR
	// 1 25 EUR
	// append has failed: JOURNAL_CONFLICT
}

func ExampleJournal_Follow() {
	directory, err := os.MkdirTemp("", "journal")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(directory)
	j, err := journal.Open(filepath.Join(directory, "events"), journal.Relaxed)
	if err != nil {
		log.Fatal(err)
	}
	defer j.Close()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for _, event := range []string{"open", "read", "close"} {
			if _, err := j.Append(nil, []byte(event)); err != nil {
				log.Fatal(err)
			}
		}
	}()
	cursor, err := j.Follow(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer cursor.Close()
	for cursor.Next() {
		fmt.Printf("%s\n", cursor.Entry().Value)
		if string(cursor.Entry().Value) == "close" {
			cancel()
		}
	}
	fmt.Println(errors.Is(cursor.Err(), context.Canceled))

	// Output:
	// open
	// read
	// close
	// true
}
