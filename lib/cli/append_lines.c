/* append_lines.c - standard input into the journal, an entry a line. */
#include "append.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "input.h"
#include "json_line.h"
#include "report.h"

/* The longest line that can be an entry: three columns, an op, and tabs. */
#define COLUMNS_MAX_BYTES                                                      \
    ((size_t)JOURNAL_VALUE_MAX + JOURNAL_KEY_MAX + JOURNAL_META_MAX + 8)

struct batch {
    struct input_buffer *lines;     /* each record's bytes are in its line, */
    struct json_line *objects;      /* or in what was made of that */
    struct journal_record *records; /* all have request->batch elements */
    size_t count;                   /* in use */
    uint64_t line;                  /* number of the last line read */
    bool ended;                     /* so has the input */
};

/* ---- a line ------------------------------------------------------------- */

static int
set_op(struct journal_record *record, const char *bytes, size_t size,
       uint64_t line)
{
    if (size == 1 && bytes[0] == '-')
        record->flags |= JOURNAL_TOMBSTONE;
    else if (size != 1 || bytes[0] != '+')
        return report_input(line, "the op column is neither + nor -");
    return CLI_OK;
}

static int
set_column(struct journal_record *record, enum append_column column,
           const char *bytes, size_t size, uint64_t line)
{
    switch (column) {
    case COLUMN_KEY:
        record->key = bytes;
        record->key_size = size;
        return CLI_OK;
    case COLUMN_VALUE:
        record->value = bytes;
        record->value_size = size;
        return CLI_OK;
    case COLUMN_META:
        record->meta = bytes;
        record->meta_size = size;
        return CLI_OK;
    case COLUMN_OP:
        return set_op(record, bytes, size, line);
    case COLUMN_COUNT:
        break;
    }
    abort();
}

/* The last column is the rest of the line, tabs included. */
static int
split(struct journal_record *record, const struct append_request *request,
      const struct input_buffer *line, uint64_t number)
{
    const char *at = line->data, *end = line->data + line->size, *tab;
    size_t i;
    int code;

    for (i = 0; i + 1 < request->column_count; i++) {
        tab = memchr(at, '\t', (size_t)(end - at));
        if (tab == NULL)
            return report_input(number, "%zu column%s instead of %zu", i + 1,
                                i == 0 ? "" : "s", request->column_count);
        code = set_column(record, request->columns[i], at, (size_t)(tab - at),
                          number);
        if (code != CLI_OK)
            return code;
        at = tab + 1;
    }
    return set_column(record, request->columns[i], at, (size_t)(end - at),
                      number);
}

/* What the library would refuse too, without a word on which line it was. */
static int
check(const struct journal_record *record, bool no_key, uint64_t line)
{
    bool tombstone = (record->flags & JOURNAL_TOMBSTONE) != 0;

    if (record->key_size == 0 && (tombstone || !no_key))
        return report_input(line, "the key is empty%s",
                            tombstone ? "" : "; --no-key takes such a line");
    if (record->key_size > JOURNAL_KEY_MAX)
        return report_input(line, "the key is over %u bytes", JOURNAL_KEY_MAX);
    if (record->meta_size > JOURNAL_META_MAX)
        return report_input(line, "the meta is over %u bytes",
                            JOURNAL_META_MAX);
    if (record->value_size > JOURNAL_VALUE_MAX)
        return report_input(line, "the value is over %u bytes",
                            JOURNAL_VALUE_MAX);
    if (tombstone && record->value_size > 0)
        return report_input(line, "the op is -, and there is a value");
    return CLI_OK;
}

/* ---- a batch ------------------------------------------------------------ */

static int
take_line(struct batch *batch, const struct append_request *request)
{
    struct journal_record *record = &batch->records[batch->count];
    struct input_buffer *line = &batch->lines[batch->count];
    struct json_line *object = &batch->objects[batch->count];

    *record = request->record;
    if (!request->json_lines)
        return split(record, request, line, batch->line);
    if (!json_line_read(object, line->data, line->size))
        return report_input(batch->line, "%s", object->problem);
    if (object->kind != JSON_LINE_RECORD)
        return report_input(batch->line, "not an entry; what `journal export` "
                                         "prints is for `journal import`");
    json_line_apply(object, record);
    return CLI_OK;
}

/* Reads a line into the next record; or sets batch->ended. */
static int
read_record(struct batch *batch, const struct append_request *request)
{
    struct journal_record *record = &batch->records[batch->count];
    struct input_buffer *line = &batch->lines[batch->count];
    int rc, code;

    rc = input_line(line,
                    request->json_lines ? JSON_LINE_MAX : COLUMNS_MAX_BYTES,
                    request->delimiter);
    if (rc == JOURNAL_END) {
        batch->ended = true;
        return CLI_OK;
    }
    batch->line++;
    if (rc != 0)
        return report_failure("standard input", rc, "line %" PRIu64,
                              batch->line);
    code = take_line(batch, request);
    if (code == CLI_OK)
        code = check(record, request->no_key, batch->line);
    if (code == CLI_OK)
        batch->count++;
    return code;
}

static int
fill(struct batch *batch, const struct append_request *request)
{
    int code = CLI_OK;

    batch->count = 0;
    while (code == CLI_OK && !batch->ended && batch->count < request->batch)
        code = read_record(batch, request);
    return code;
}

static int
commit(struct journal *journal, const struct append_request *request,
       const struct batch *batch)
{
    uint64_t first_line = batch->line - batch->count + 1, seq;
    int rc;

    rc = journal_append_batch(journal, batch->records, batch->count, &seq);
    if (rc == 0)
        return append_print(request, seq, batch->count);
    if (batch->count == 1)
        return report_failure(request->path, rc, "line %" PRIu64, batch->line);
    return report_failure(request->path, rc, "lines %" PRIu64 " to %" PRIu64,
                          first_line, batch->line);
}

/* A batch is appended whole or not at all, so a bad line holds up others. */
static void
hint_at_progress(uint64_t appended)
{
    if (appended == 0)
        report_hint("no line has been appended");
    else
        report_hint("the lines up to %" PRIu64 " have been appended", appended);
}

static int
append_all(struct journal *journal, const struct append_request *request,
           struct batch *batch)
{
    uint64_t appended = 0;
    int code;

    while (!batch->ended) {
        code = fill(batch, request);
        if (code != CLI_OK) {
            hint_at_progress(appended);
            return code;
        }
        if (batch->count == 0)
            break;
        code = commit(journal, request, batch);
        if (code != CLI_OK)
            return code;
        appended = batch->line;
    }
    return CLI_OK;
}

int
append_lines(struct journal *journal, const struct append_request *request)
{
    struct batch batch = {0};
    size_t objects = request->json_lines ? request->batch : 1, i;
    int code;

    batch.lines = calloc(request->batch, sizeof(*batch.lines));
    batch.objects = calloc(objects, sizeof(*batch.objects));
    batch.records = calloc(request->batch, sizeof(*batch.records));
    if (batch.lines == NULL || batch.objects == NULL || batch.records == NULL)
        code = report_failure(request->path, ENOMEM, NULL);
    else
        code = append_all(journal, request, &batch);

    for (i = 0; batch.lines != NULL && i < request->batch; i++)
        input_free(&batch.lines[i]);
    for (i = 0; batch.objects != NULL && i < objects; i++)
        json_line_free(&batch.objects[i]);
    free(batch.records);
    free(batch.objects);
    free(batch.lines);
    return code;
}
