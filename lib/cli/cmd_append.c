/* cmd_append.c - `journal append`: adds entries to the end. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "append.h"
#include "cli.h"
#include "input.h"
#include "object.h"
#include "output.h"
#include "report.h"
#include "target.h"
#include "text.h"

static void
print_json(uint64_t seq)
{
    struct object json;

    object_begin(&json);
    object_number(&json, "seq", seq);
    object_end(&json);
}

/* Who can't be told the numbers must not take it that nothing was appended. */
static void
hint_at_appended(uint64_t first, size_t count)
{
    if (count == 1)
        report_hint("entry %" PRIu64 " has been appended all the same", first);
    else
        report_hint("the entries %" PRIu64 " to %" PRIu64
                    " have been appended all the same",
                    first, first + count - 1);
}

/*
 * A number that is out has been acknowledged, be it only as relaxed as was
 * asked for: none waits in a buffer.
 */
int
append_print(const struct append_request *request, uint64_t first, size_t count)
{
    size_t i;
    int code;

    if (request->common.quiet)
        return CLI_OK;
    for (i = 0; i < count; i++) {
        if (request->common.json)
            print_json(first + i);
        else
            printf("%" PRIu64 "\n", first + i);
    }
    code = output_flush();
    if (code != CLI_OK)
        hint_at_appended(first, count);
    return code;
}

/* ---- a single entry ----------------------------------------------------- */

/* The value is the operand, or standard input where there is none, or "-". */
static int
read_value(struct append_request *request, struct input_buffer *buffer)
{
    struct journal_record *record = &request->record;
    const char *value = request->value;
    int rc;

    if ((record->flags & JOURNAL_TOMBSTONE) != 0)
        return CLI_OK;
    if (value != NULL && strcmp(value, "-") != 0) {
        record->value = value;
        record->value_size = strlen(value);
        return CLI_OK;
    }
    rc = input_all(buffer, JOURNAL_VALUE_MAX);
    if (rc != 0)
        return report_failure("standard input", rc, NULL);
    record->value = buffer->data;
    record->value_size = buffer->size;
    return CLI_OK;
}

/* Of the key of RECORD.  journal_get() does not tell of a tombstone. */
static void
hint_at_latest(struct journal *journal, const struct journal_record *record)
{
    struct journal_query query;
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    int rc;

    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = record->key;
    query.key_size = record->key_size;
    query.flags = JOURNAL_QUERY_REVERSE;
    rc = journal_query(journal, &query, &cursor);
    if (rc == 0)
        rc = journal_next(cursor, &entry);
    if (rc == 0)
        report_hint("the key's latest entry is %" PRIu64 "%s", entry->seq,
                    (entry->flags & JOURNAL_TOMBSTONE) != 0
                        ? ", which deleted it"
                        : "");
    else if (rc == JOURNAL_END)
        report_hint("the key is not known");
    journal_cursor_close(cursor);
}

static void
hint_at_conflict(struct journal *journal, const struct journal_record *record)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    if ((record->flags & JOURNAL_EXPECT_SEQ) != 0 &&
        journal_stat(journal, &stat) == 0)
        report_hint("the next entry gets number %" PRIu64, stat.size);
    if ((record->flags & JOURNAL_EXPECT) != 0)
        hint_at_latest(journal, record);
}

/* The key's latest entry may have none of its own: nothing is said then. */
static void
hint_at_stamp(struct journal *journal, const struct journal_record *record)
{
    struct journal_entry *entry;
    char id[TEXT_HEX_SIZE];

    if (journal_get(journal, record->key, record->key_size, &entry) != 0)
        return;
    text_hex(id, entry->stamp.id, sizeof(entry->stamp.id));
    if ((entry->flags & JOURNAL_STAMPED) != 0)
        report_hint("the key's latest entry, %" PRIu64 ", has %" PRIu64 ":%s",
                    entry->seq, entry->stamp.time, id);
    journal_entry_free(entry);
}

static int
append_one(struct journal *journal, const struct append_request *request)
{
    const struct journal_record *record = &request->record;
    uint64_t seq;
    int rc;

    rc = journal_append_batch(journal, record, 1, &seq);
    if (rc == 0)
        return append_print(request, seq, 1);
    if (record->key_size > 0)
        report_failure(request->path, rc, "key %s",
                       report_key(record->key, record->key_size));
    else
        report_failure(request->path, rc, NULL);
    if (rc == JOURNAL_CONFLICT)
        hint_at_conflict(journal, record);
    if (rc == JOURNAL_OUTDATED)
        hint_at_stamp(journal, record);
    return report_exit(rc);
}

/* ---- the command -------------------------------------------------------- */

/* At its end what has been appended is durable, also in front of a bad line. */
static int
append_to(struct journal *journal, const struct append_request *request)
{
    int code = append_is_of_lines(request) ? append_lines(journal, request)
                                           : append_one(journal, request);
    int rc = 0;

    if (request->options.durability == JOURNAL_RELAXED)
        rc = journal_sync(journal);
    if (rc != 0 && (code == CLI_OK || code == CLI_USAGE))
        code = report_failure(request->path, rc, NULL);
    return code;
}

static int
append(struct append_request *request)
{
    struct input_buffer buffer = {0};
    struct journal *journal = NULL;
    int code = CLI_OK;

    /* Before opening: bad input should not leave an empty journal. */
    if (!append_is_of_lines(request))
        code = read_value(request, &buffer);
    if (code == CLI_OK)
        code = target_open_with(request->path, &request->options, &journal);
    if (code == CLI_OK)
        code = append_to(journal, request);

    journal_close(journal);
    input_free(&buffer);
    return code;
}

static int
run(int argc, char **argv)
{
    struct append_request request;
    int code = append_parse(&request, argc, argv);

    return code == CLI_OK ? append(&request) : code;
}

const struct cli_command cmd_append = {
    .name = "append",
    .synopsis = "[OPTIONS] PATH KEY [VALUE]",
    .summary = "add entries to the end",
    .about =
        "       journal append [OPTIONS] --lines PATH KEY\n"
        "       journal append [OPTIONS] --tab PATH\n"
        "       journal append [OPTIONS] --columns LIST PATH [KEY]\n"
        "       journal append [OPTIONS] --json-lines PATH [KEY]\n"
        "\n"
        "Appends an entry to the journal in the directory PATH, which is\n"
        "made if there is none, and prints the entry's number once it would\n"
        "survive loss of power.  VALUE is all of standard input if it is -\n"
        "or not given.\n",
    .options = append_options,
    .run = run,
};
