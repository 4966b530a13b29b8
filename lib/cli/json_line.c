/* json_line.c - reads a line of JSON: a record, or else what an export has. */
#include "json_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "json_parse.h"
#include "report.h"
#include "text.h"

#define SHOWN_COLUMNS 120u
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* Which of json_line.bytes is whose. */
enum { BYTES_KEY, BYTES_VALUE, BYTES_META };

/* Takes the member NAME; says what is wrong with it. */
typedef bool (*member_take)(struct json_line *line, const char *name,
                            const json_t *value);

static bool problem(struct json_line *line, const char *text, ...)
    REPORT_PRINTF(2, 3);

static bool
problem(struct json_line *line, const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    vsnprintf(line->problem, sizeof(line->problem), text, arguments);
    va_end(arguments);
    return false;
}

/* ---- members ------------------------------------------------------------ */

static bool
take_number(struct json_line *line, const char *name, const json_t *value,
            uint64_t *number)
{
    if (json_parse_number(value, number))
        return true;
    return problem(line, "%s: not a number from 0 to %" PRIu64, name,
                   UINT64_MAX);
}

/* Of an entry: JOURNAL_NONE is none. */
static bool
take_entry_number(struct json_line *line, const char *name, const json_t *value,
                  uint64_t *number)
{
    if (json_parse_number(value, number) && *number != JOURNAL_NONE)
        return true;
    return problem(line, "%s: not a number from 0 to %" PRIu64, name,
                   JOURNAL_NONE - 1);
}

/* As it stands, or from base 64 into memory that is kept in *BYTES. */
static bool
take_bytes(struct json_line *line, const char *name, const json_t *value,
           unsigned char **bytes, const void **data, size_t *size)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value), suffix = strlen("_b64");

    if (text == NULL)
        return problem(line, "%s: not a string", name);
    if (strlen(name) < suffix ||
        strcmp(name + strlen(name) - suffix, "_b64") != 0) {
        *data = text;
        *size = length;
        return true;
    }
    *bytes = malloc(BASE64_ROOM(length));
    if (*bytes == NULL)
        return problem(line, "%s: out of memory", name);
    *data = *bytes;
    return base64_read(*bytes, size, text, length) ||
           problem(line, "%s: not base 64", name);
}

static bool
take_key(struct json_line *line, const char *name, const json_t *value)
{
    struct journal_record *record = &line->record;

    return take_bytes(line, name, value, &line->bytes[BYTES_KEY], &record->key,
                      &record->key_size);
}

static bool
take_value(struct json_line *line, const char *name, const json_t *value)
{
    struct journal_record *record = &line->record;

    return take_bytes(line, name, value, &line->bytes[BYTES_VALUE],
                      &record->value, &record->value_size);
}

static bool
take_meta(struct json_line *line, const char *name, const json_t *value)
{
    struct journal_record *record = &line->record;

    return take_bytes(line, name, value, &line->bytes[BYTES_META],
                      &record->meta, &record->meta_size);
}

static bool
take_tombstone(struct json_line *line, const char *name, const json_t *value)
{
    if (!json_is_boolean(value))
        return problem(line, "%s: neither true nor false", name);
    if (json_is_true(value))
        line->record.flags |= JOURNAL_TOMBSTONE;
    return true;
}

/* {"time": NUMBER, "id": up to 32 hexadecimal digits} */
static bool
take_stamp(struct json_line *line, const char *name, const json_t *value)
{
    struct journal_stamp *stamp = &line->record.stamp;
    const json_t *id = json_object_get(value, "id");

    line->record.flags |= JOURNAL_STAMPED;
    if (!json_is_object(value) ||
        json_object_size(value) != (id == NULL ? 1 : 2))
        return problem(line, "%s: not an object of time and id", name);
    if (!take_number(line, "stamp: time", json_object_get(value, "time"),
                     &stamp->time))
        return false;
    if (id == NULL ||
        (json_is_string(id) &&
         text_unhex(stamp->id, sizeof(stamp->id), json_string_value(id),
                    json_string_length(id))))
        return true;
    return problem(line,
                   "%s: id: not an even number of up to 32 hexadecimal "
                   "digits",
                   name);
}

/* A number; null: the key is not known. */
static bool
take_expect(struct json_line *line, const char *name, const json_t *value)
{
    line->record.flags |= JOURNAL_EXPECT;
    line->record.expect = JOURNAL_NONE;
    return json_is_null(value) ||
           take_entry_number(line, name, value, &line->record.expect);
}

static bool
take_expect_seq(struct json_line *line, const char *name, const json_t *value)
{
    line->record.flags |= JOURNAL_EXPECT_SEQ;
    return take_entry_number(line, name, value, &line->record.expect_seq);
}

static bool
take_seq(struct json_line *line, const char *name, const json_t *value)
{
    return take_entry_number(line, name, value, &line->seq);
}

/* A mark may stand behind the last entry that there can be. */
static bool
take_position(struct json_line *line, const char *name, const json_t *value)
{
    return take_number(line, name, value, &line->seq);
}

static bool
take_mark(struct json_line *line, const char *name, const json_t *value)
{
    size_t length = json_string_length(value);

    line->mark = json_string_value(value);
    if (line->mark == NULL || length == 0 || length >= JOURNAL_MARK_SIZE ||
        strlen(line->mark) != length)
        return problem(line, "%s: not a name of 1 to %u bytes", name,
                       JOURNAL_MARK_SIZE - 1);
    return true;
}

static bool
take_version(struct json_line *line, const char *name, const json_t *value)
{
    return take_number(line, name, value, &line->version);
}

static bool
take_first(struct json_line *line, const char *name, const json_t *value)
{
    return take_number(line, name, value, &line->first);
}

static bool
take_size(struct json_line *line, const char *name, const json_t *value)
{
    return take_number(line, name, value, &line->size);
}

static bool
take_entries(struct json_line *line, const char *name, const json_t *value)
{
    return take_number(line, name, value, &line->entries);
}

/* What is printed for people, or follows from the order of the entries. */
static bool
take_nothing(struct json_line *line, const char *name, const json_t *value)
{
    (void)line;
    (void)name;
    (void)value;
    return true;
}

/* ---- which there are ---------------------------------------------------- */

struct member {
    const char *name;
    unsigned bit; /* of enum json_line_member */
    member_take take;
};

static const struct member of_record[] = {
    {"key", JSON_LINE_KEY, take_key},
    {"key_b64", JSON_LINE_KEY, take_key},
    {"value", JSON_LINE_VALUE, take_value},
    {"value_b64", JSON_LINE_VALUE, take_value},
    {"meta", JSON_LINE_META, take_meta},
    {"meta_b64", JSON_LINE_META, take_meta},
    {"tombstone", JSON_LINE_TOMBSTONE, take_tombstone},
    {"stamp", JSON_LINE_STAMP, take_stamp},
    {"expect", JSON_LINE_EXPECT, take_expect},
    {"expect_seq", JSON_LINE_EXPECT_SEQ, take_expect_seq},
    {"seq", JSON_LINE_SEQ, take_seq},
    {"time", JSON_LINE_OTHER, take_nothing},
    {"time_iso", JSON_LINE_OTHER, take_nothing},
    {"revision", JSON_LINE_OTHER, take_nothing},
    {"prev", JSON_LINE_OTHER, take_nothing},
    {NULL, 0, NULL}};

static const struct member of_export[] = {{"export", JSON_LINE_OTHER,
                                           take_version},
                                          {"id", JSON_LINE_OTHER, take_nothing},
                                          {"first", JSON_LINE_OTHER,
                                           take_first},
                                          {"size", JSON_LINE_OTHER, take_size},
                                          {NULL, 0, NULL}};

static const struct member of_mark[] = {{"mark", JSON_LINE_OTHER, take_mark},
                                        {"seq", JSON_LINE_SEQ, take_position},
                                        {NULL, 0, NULL}};

static const struct member of_end[] = {{"end", JSON_LINE_OTHER, take_nothing},
                                       {"entries", JSON_LINE_OTHER,
                                        take_entries},
                                       {NULL, 0, NULL}};

static bool
take_member(struct json_line *line, const struct member *members,
            const char *name, const json_t *value)
{
    const struct member *member = members;

    while (member->name != NULL && strcmp(member->name, name) != 0)
        member++;
    if (member->name == NULL)
        return problem(line, "there is no member %s",
                       report_key(name, strlen(name)));
    if ((line->members & member->bit) != 0 && member->bit != JSON_LINE_OTHER)
        return problem(line, "%s is there twice, as it is and in base 64",
                       name);
    line->members |= member->bit;
    return member->take(line, name, value);
}

/* The first member of what is no record tells what it is. */
static const struct member *
find_kind(struct json_line *line)
{
    static const struct {
        enum json_line_kind kind;
        const struct member *members;
    } kinds[] = {{JSON_LINE_EXPORT, of_export},
                 {JSON_LINE_MARK, of_mark},
                 {JSON_LINE_END, of_end}};
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (json_object_get(line->object, kinds[i].members->name) == NULL)
            continue;
        line->kind = kinds[i].kind;
        return kinds[i].members;
    }
    line->kind = JSON_LINE_RECORD;
    return of_record;
}

/* What the library would refuse too, but for a line that does not say. */
static bool
check_record(struct json_line *line)
{
    bool tombstone = (line->record.flags & JOURNAL_TOMBSTONE) != 0;

    if (!tombstone && (line->members & JSON_LINE_VALUE) == 0)
        return problem(line, "there is neither a value nor a tombstone");
    if (tombstone && line->record.value_size > 0)
        return problem(line, "a tombstone has no value");
    return true;
}

/* ---- a line ------------------------------------------------------------- */

static bool
is_blank(const char *text, size_t size)
{
    size_t i = 0;

    while (i < size && strchr(" \t\r", text[i]) != NULL && text[i] != '\0')
        i++;
    return i == size;
}

/* In front of the first line some editors put what nobody sees. */
static bool
has_byte_order_mark(const char *text, size_t size)
{
    return size >= strlen(BYTE_ORDER_MARK) &&
           memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0;
}

/* What is near may be anything, and a terminal is no place for that. */
static bool
not_json(struct json_line *line, const json_error_t *error)
{
    char text[4 * SHOWN_COLUMNS + 1];

    text_escape(text, sizeof(text), SHOWN_COLUMNS,
                (const unsigned char *)error->text, strlen(error->text));
    return problem(line, "not JSON: column %d: %.*s", error->column,
                   (int)SHOWN_COLUMNS * 2, text);
}

bool
json_line_read(struct json_line *line, const char *text, size_t size)
{
    const struct member *members;
    const char *name;
    json_error_t error;
    json_t *value;

    json_line_free(line);
    line->object = json_parse(text, size, &error);
    if (line->object == NULL && is_blank(text, size))
        return problem(line, "not JSON: an empty line");
    if (line->object == NULL && has_byte_order_mark(text, size))
        return problem(line, "not JSON: a byte order mark, three bytes that "
                             "have to go");
    if (line->object == NULL)
        return not_json(line, &error);
    if (!json_is_object(line->object))
        return problem(line, "not a JSON object");
    members = find_kind(line);
    json_object_foreach(line->object, name, value)
    {
        if (!take_member(line, members, name, value))
            return false;
    }
    return line->kind != JSON_LINE_RECORD || check_record(line);
}

void
json_line_apply(const struct json_line *line, struct journal_record *to)
{
    const struct journal_record *from = &line->record;

    if ((line->members & JSON_LINE_KEY) != 0) {
        to->key = from->key;
        to->key_size = from->key_size;
    }
    if ((line->members & JSON_LINE_META) != 0) {
        to->meta = from->meta;
        to->meta_size = from->meta_size;
    }
    if ((line->members & JSON_LINE_STAMP) != 0)
        to->stamp = from->stamp;
    to->value = from->value;
    to->value_size = from->value_size;
    to->flags |= from->flags;
    to->expect = from->expect;
    to->expect_seq = from->expect_seq;
}

void
json_line_free(struct json_line *line)
{
    size_t i;

    for (i = 0; i < sizeof(line->bytes) / sizeof(line->bytes[0]); i++)
        free(line->bytes[i]);
    json_decref(line->object);
    *line = (struct json_line){.kind = JSON_LINE_RECORD};
}
