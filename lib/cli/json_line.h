/*
 * json_line.h - reads a line of JSON: a record, or what else is in an export.
 *
 * Of a record it takes what `replay --json` prints, and what an append may ask
 * for.  Members that nobody knows are refused: they may be known ones, spelt
 * wrong.
 */
#ifndef JSON_LINE_H
#define JSON_LINE_H

#include <jansson.h>
#include <journal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_LINE_PROBLEM_SIZE 300u

/* The longest line that makes sense: every byte of a record as \u0000. */
#define JSON_LINE_MAX                                                          \
    (6 * ((size_t)JOURNAL_VALUE_MAX + JOURNAL_KEY_MAX + JOURNAL_META_MAX) +    \
     1024)

enum json_line_kind {
    JSON_LINE_RECORD,
    JSON_LINE_EXPORT, /* the first line of an export */
    JSON_LINE_MARK,
    JSON_LINE_END /* the last */
};

/* What is in it, as bits. */
enum json_line_member {
    JSON_LINE_KEY = 1u << 0,
    JSON_LINE_VALUE = 1u << 1,
    JSON_LINE_META = 1u << 2,
    JSON_LINE_TOMBSTONE = 1u << 3,
    JSON_LINE_STAMP = 1u << 4,
    JSON_LINE_EXPECT = 1u << 5,
    JSON_LINE_EXPECT_SEQ = 1u << 6,
    JSON_LINE_SEQ = 1u << 7,
    JSON_LINE_OTHER = 1u << 8
};

struct json_line {
    enum json_line_kind kind;
    unsigned members;             /* of enum json_line_member */
    struct journal_record record; /* its bytes are held by the line */
    uint64_t seq;                 /* of the record, or where the mark stands */
    const char *mark;             /* its name */
    uint64_t version;             /* of the form of an export */
    uint64_t first, size;         /* of the journal it was made of */
    uint64_t entries;             /* how many there were, says the last line */
    char problem[JSON_LINE_PROBLEM_SIZE];

    json_t *object;
    unsigned char *bytes[3]; /* of key, value and meta, from base 64 */
};

/*
 * Makes of SIZE bytes of TEXT what they say, or sets the problem and returns
 * false.  Whatever it returns, and whatever LINE held before: json_line_free(),
 * of a LINE that began as {0}.
 */
bool json_line_read(struct json_line *line, const char *text, size_t size);

/* Puts what the record has into TO, and leaves the rest of it. */
void json_line_apply(const struct json_line *line, struct journal_record *to);

void json_line_free(struct json_line *line);

#endif
