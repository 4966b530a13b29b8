/* import.c - JSON lines into a journal, from where an earlier run stopped. */
#include "import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "report.h"

/* Bytes of lines in a commit, but for the last of them. */
#define BATCH_BYTES ((size_t)8 << 20)

/* Of the form of exports: what this build knows. */
#define EXPORT_VERSION 1u

/* ---- the batch ---------------------------------------------------------- */

static void
empty_batch(struct import *import)
{
    size_t i;

    for (i = 0; i < import->count; i++)
        json_line_free(&import->lines[i]);
    import->count = 0;
    import->batch_bytes = 0;
}

static int
fail_to_append(const struct import *import, int result, size_t first,
               size_t count)
{
    uint64_t from = import->line_of[first];
    uint64_t to = import->line_of[first + count - 1];

    if (from == to)
        report_failure(import->request->path, result, "line %" PRIu64, from);
    else
        report_failure(import->request->path, result,
                       "lines %" PRIu64 " to %" PRIu64, from, to);
    if (result == JOURNAL_CONFLICT)
        report_hint("somebody else is appending to it: stop that, and begin "
                    "again, with the same input");
    return report_exit(result);
}

static int
append_records(struct import *import, size_t first, size_t count)
{
    size_t i;
    int rc = journal_append_batch(import->journal, import->records + first,
                                  count, NULL);

    for (i = first; rc == 0 && i < first + count; i++) {
        if (import->lines[i].object == NULL)
            import->result->filled++;
        else
            import->result->imported++;
    }
    return rc;
}

/* A stamp that is refused refuses all: the lines in front of it are fine. */
static int
append_one_by_one(struct import *import)
{
    size_t i;
    int rc;

    for (i = 0; i < import->count; i++) {
        rc = append_records(import, i, 1);
        if (rc != 0)
            return fail_to_append(import, rc, i, 1);
    }
    return CLI_OK;
}

static int
commit(struct import *import)
{
    uint64_t first = import->next - import->count;
    int rc, code = CLI_OK;
    size_t i;

    if (import->count == 0)
        return CLI_OK;
    for (i = 0; i < import->count; i++) {
        import->records[i].flags |= JOURNAL_EXPECT_SEQ;
        import->records[i].expect_seq = first + i;
    }
    rc = append_records(import, 0, import->count);
    if (rc == JOURNAL_OUTDATED)
        code = append_one_by_one(import);
    else if (rc != 0)
        code = fail_to_append(import, rc, 0, import->count);
    empty_batch(import);
    return code;
}

/* Of what comes through a pipe only the lines can be told. */
static int
show_progress(struct import *import)
{
    if (import->bytes == PROGRESS_UNKNOWN)
        return progress_show(&import->progress, import->line, PROGRESS_UNKNOWN);
    return progress_show(&import->progress, import->bytes_read, import->bytes);
}

/* Puts a record into the batch; its line, if it has one, is in its place. */
static int
add(struct import *import, const struct journal_record *record)
{
    import->records[import->count] = *record;
    import->line_of[import->count] = import->line;
    import->count++;
    import->next++;
    if (import->count < import->request->batch &&
        import->batch_bytes < BATCH_BYTES)
        return CLI_OK;
    return commit(import);
}

/* Empty entries without a key, which `journal compact` removes again. */
static int
fill(struct import *import, uint64_t number)
{
    const struct journal_record nothing = {.key = NULL};
    int code = CLI_OK;

    while (code == CLI_OK && import->next < number) {
        code = add(import, &nothing);
        if (code == CLI_OK && import->count == 0 && show_progress(import) != 0)
            return CLI_DONE;
    }
    return code;
}

/* ---- a record ----------------------------------------------------------- */

/* Whether the journal had its end before the first entry of this input. */
static bool
is_behind_others(const struct import *import)
{
    return import->found && import->count == 0 &&
           import->result->imported + import->result->present == 0;
}

/* WHAT has NUMBER: an entry, or the end of what was exported. */
static int
refuse_hole(const struct import *import, const char *what, uint64_t number)
{
    report_input(import->line,
                 "%s %" PRIu64 ", but the next in %s gets number %" PRIu64,
                 what, number, import->request->path, import->next);
    report_hint("to keep numbers: %s--fill puts empty entries between",
                is_behind_others(import)
                    ? "import into a journal that is not there yet, or "
                    : "");
    report_hint("else --renumber gives them new ones");
    return CLI_CONFLICT;
}

static int
check_record(const struct import *import, const struct json_line *line)
{
    bool has_seq = (line->members & JSON_LINE_SEQ) != 0;

    if ((line->members & (JSON_LINE_EXPECT | JSON_LINE_EXPECT_SEQ)) != 0)
        return report_input(import->line, "expectations are for `journal "
                                          "append --json-lines`");
    if (line->record.key_size == 0 &&
        (line->record.flags & JOURNAL_TOMBSTONE) != 0)
        return report_input(import->line, "a tombstone needs a key");
    if (import->numbering == NUMBERED && !has_seq)
        return report_input(import->line, "it has no seq, and those in front "
                                          "of it have");
    if (import->numbering == UNNUMBERED && has_seq &&
        !import->request->renumber)
        return report_input(import->line, "it has a seq, and those in front "
                                          "of it have none");
    return CLI_OK;
}

/* Takes the line that was read to where its record belongs. */
static int
take_record(struct import *import, struct json_line *line)
{
    struct json_line *slot;
    uint64_t number;
    int code = CLI_OK;

    if (import->numbering == NUMBERING_UNKNOWN)
        code = import_begin(import, line);
    if (code == CLI_OK)
        code = check_record(import, line);
    if (code != CLI_OK)
        return code;
    number = import->numbering == NUMBERED ? line->seq : import->position;
    if (number < import->position)
        return report_input(import->line,
                            "entry %" PRIu64 " is out of order: the one in "
                            "front of it is %" PRIu64,
                            number, import->position - 1);
    import->position = number + 1;
    import->entries++;
    if (number < import->present_below)
        return import_compare(import, line, number);
    if (number > import->next && !import->request->fill)
        return refuse_hole(import, "entry", number);
    code = fill(import, number);
    if (code != CLI_OK)
        return code;
    slot = &import->lines[import->count];
    *slot = *line;
    *line = (struct json_line){.kind = JSON_LINE_RECORD}; /* the batch's now */
    import->batch_bytes += import->text.size;
    return add(import, &slot->record);
}

/* ---- the other lines of an export --------------------------------------- */

static int
take_export(struct import *import, const struct json_line *line)
{
    if (line->version != EXPORT_VERSION)
        return report_input(import->line,
                            "an export of version %" PRIu64 ", of which this "
                            "build knows nothing",
                            line->version);
    if (import->is_export)
        return report_input(import->line, "an export begins before the one in "
                                          "front of it has ended");
    import->is_export = true;
    import->entries = 0;
    import->first = import->request->renumber ? 0 : line->first;
    import->size = import->request->renumber ? 0 : line->size;
    return CLI_OK;
}

/* Where there is no entry to begin with; none has the number JOURNAL_NONE. */
static int
open_empty(struct import *import)
{
    uint64_t end = import->first < import->size ? import->size : import->first;

    return import_open(import, end == JOURNAL_NONE ? end - 1 : end);
}

/*
 * Numbers below the size are not used again, also where the entries that had
 * the last of them are gone; and marks may stand there.
 */
static int
reach_size(struct import *import)
{
    uint64_t size = import->size;
    int code = CLI_OK;

    if (import->journal == NULL)
        code = open_empty(import);
    if (code != CLI_OK || import->numbering == UNNUMBERED ||
        import->next >= size)
        return code;
    if (!import->request->fill)
        return refuse_hole(import, "the export has size", size);
    import->position = size;
    return fill(import, size);
}

/*
 * A mark that is there has been made by an earlier run, and may have been moved
 * since: to move it back would make its owner do things again.  Without their
 * numbers marks mean nothing, and that of another import, which exports once
 * had, means nothing here.
 */
static int
take_mark(struct import *import, const struct json_line *line)
{
    uint64_t seq;
    int rc, code;

    if (import->request->renumber || strcmp(line->mark, IMPORT_MARK) == 0)
        return CLI_OK;
    code = reach_size(import);
    if (code == CLI_OK)
        code = commit(import);
    if (code != CLI_OK)
        return code;
    rc = journal_marked(import->journal, line->mark, &seq);
    if (rc == 0)
        return CLI_OK;
    if (rc == JOURNAL_NOT_FOUND)
        rc = journal_mark(import->journal, line->mark, line->seq);
    if (rc != 0)
        return report_failure(import->request->path, rc,
                              "line %" PRIu64 ": a mark at %" PRIu64,
                              import->line, line->seq);
    import->result->marks++;
    return CLI_OK;
}

static int
take_end(struct import *import, const struct json_line *line)
{
    if (!import->is_export)
        return report_input(import->line, "an export ends that has not begun");
    if (line->entries != import->entries)
        return report_input(import->line,
                            "%" PRIu64 " entries were exported, and %" PRIu64
                            " are here",
                            line->entries, import->entries);
    import->is_export = false;
    return reach_size(import);
}

/* ---- all of it ---------------------------------------------------------- */

static int
take_line(struct import *import, struct json_line *line)
{
    if (!json_line_read(line, import->text.data, import->text.size))
        return report_input(import->line, "%s", line->problem);
    switch (line->kind) {
    case JSON_LINE_RECORD:
        return take_record(import, line);
    case JSON_LINE_EXPORT:
        return take_export(import, line);
    case JSON_LINE_MARK:
        return take_mark(import, line);
    case JSON_LINE_END:
        return take_end(import, line);
    }
    abort();
}

/* CLI_DONE: a signal says stop. */
static int
read_all(struct import *import)
{
    struct json_line line = {.kind = JSON_LINE_RECORD};
    int rc, code = CLI_OK;

    while (code == CLI_OK) {
        rc = input_line(&import->text, JSON_LINE_MAX, '\n');
        if (rc == JOURNAL_END)
            break;
        import->line++;
        import->bytes_read += import->text.size + 1;
        if (rc != 0)
            code = report_failure(report_input_name, rc, "line %" PRIu64,
                                  import->line);
        else
            code = take_line(import, &line);
        if (code == CLI_OK && show_progress(import) != 0)
            code = CLI_DONE;
    }
    json_line_free(&line);
    return code;
}

/* What is in front of a bad line is good; so is what a cut has left. */
static int
import_all(struct import *import)
{
    int code = read_all(import), end = CLI_OK;

    if (import->journal != NULL && (code == CLI_OK || code == CLI_USAGE))
        end = commit(import);
    if (code == CLI_OK)
        code = end;
    if (code == CLI_OK && import->is_export) {
        report_input(import->line, "the input ends here, and the export does "
                                   "not: it was cut short");
        code = CLI_DAMAGED;
    }
    if (import->journal == NULL)
        return code;
    if (code == CLI_OK)
        return import_finish(import);
    journal_sync(import->journal);
    return code;
}

static uint64_t
input_size(void)
{
    struct stat status;

    if (fstat(STDIN_FILENO, &status) != 0 || !S_ISREG(status.st_mode))
        return PROGRESS_UNKNOWN;
    return (uint64_t)status.st_size;
}

int
import_run(const struct import_request *request, struct import_result *result)
{
    struct import import = {.request = request, .result = result};
    int code;

    *result = (struct import_result){.imported = 0};
    import.bytes = input_size();
    import.lines = calloc(request->batch, sizeof(*import.lines));
    import.records = calloc(request->batch, sizeof(*import.records));
    import.line_of = calloc(request->batch, sizeof(*import.line_of));
    progress_begin(&import.progress, import.bytes == PROGRESS_UNKNOWN
                                         ? "importing line"
                                         : "importing");
    if (import.lines == NULL || import.records == NULL ||
        import.line_of == NULL)
        code = report_failure(request->path, ENOMEM, NULL);
    else
        code = import_all(&import);
    empty_batch(&import);
    free(import.line_of);
    free(import.records);
    free(import.lines);
    input_free(&import.text);
    if (code != CLI_OK && code != CLI_CONFLICT && import.journal != NULL)
        report_hint("%" PRIu64 " %s imported; the same command goes on from "
                    "there",
                    result->imported,
                    result->imported == 1 ? "entry was" : "entries were");
    journal_close(import.journal);
    progress_end(&import.progress);
    return code == CLI_DONE ? CLI_OTHER : code;
}
