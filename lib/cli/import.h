/*
 * import.h - JSON lines into a journal, from where an earlier run stopped.
 *
 * Each line has a number in the journal: its own, or that of the first line and
 * one more for each.  What is there already is compared and left; what comes
 * next is appended, in batches that insist on their numbers.  So a second run
 * with the same input goes on behind the last batch of the first, whatever that
 * ended by.
 */
#ifndef IMPORT_H
#define IMPORT_H

#include <journal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"
#include "json_line.h"
#include "progress.h"

/*
 * Stands where the lines of an import without numbers began, as long as that
 * has not finished: another run finds its place by it.
 */
#define IMPORT_MARK "journal-import"

struct import_request {
    const char *path;
    bool renumber; /* don't keep numbers */
    bool fill;     /* put empty entries where numbers are missing */
    bool append;   /* lines without numbers, to a journal that has entries */
    size_t batch;  /* lines in a commit */
};

struct import_result {
    uint64_t imported;
    uint64_t present; /* were there already */
    uint64_t filled;  /* empty entries for missing numbers */
    uint64_t marks;   /* that were made */
};

/* Reads stdin to its end.  Says what is wrong; enum cli_exit. */
int import_run(const struct import_request *request,
               struct import_result *result);

/* ---- for import*.c ------------------------------------------------------ */

enum import_numbering { NUMBERING_UNKNOWN, NUMBERED, UNNUMBERED };

struct import {
    const struct import_request *request;
    struct import_result *result;
    struct progress progress;
    struct journal *journal; /* NULL: nothing has told yet how to make it */

    /* The input. */
    struct input_buffer text;
    uint64_t line;       /* number of the last line read */
    uint64_t bytes_read; /* so far, */
    uint64_t bytes;      /* of so many; PROGRESS_UNKNOWN */
    bool is_export;      /* a first line was there, and no last one yet */
    uint64_t entries;    /* since then */
    uint64_t first;      /* number of the first, says the first line */
    uint64_t size;       /* of what was exported, says that too, or 0 */

    /* The place. */
    enum import_numbering numbering;
    bool found;             /* was there, and ends elsewhere than a new one */
    uint64_t present_below; /* size of the journal when it was opened */
    uint64_t position;      /* lines up to here have gone by */
    uint64_t next;          /* number of the next record of the batch */

    /* The batch; all have request->batch elements. */
    struct json_line *lines;
    struct journal_record *records;
    uint64_t *line_of; /* each record's */
    size_t count;
    size_t batch_bytes;
};

/* Opens the journal; one that is not there begins with the number FIRST. */
int import_open(struct import *import, uint64_t first);

/* Finds out whether LINE, the first that is a record, says where it belongs. */
int import_begin(struct import *import, const struct json_line *line);

/* Whether the entry NUMBER, of before, is what LINE says; enum cli_exit. */
int import_compare(struct import *import, const struct json_line *line,
                   uint64_t number);

/* Once all has been read. */
int import_finish(struct import *import);

#endif
