/* golden.c - journals of test/data, and texts that say what is in them. */
#include "golden.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
golden_assert_hex(const uint8_t *bytes, size_t size, const char *expected)
{
    char *hex = malloc(2 * size + 1);

    for (size_t i = 0; i < size; i++)
        (void)sprintf(hex + 2 * i, "%02x", bytes[i]);
    hex[2 * size] = '\0';
    ck_assert_str_eq(hex, expected);
    free(hex);
}

static void
print_bytes(FILE *out, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    (void)fputc(' ', out);
    for (size_t i = 0; i < size && i < 12; i++)
        (void)fprintf(out, "%02x", bytes[i]);
    (void)fprintf(out, "/%zu", size);
}

static void
print_entry(FILE *out, const struct journal_entry *entry)
{
    (void)fprintf(out,
                  "%" PRIu64 " %" PRIu64 " %" PRId64 " %" PRIu64 " %" PRIu32
                  " %" PRIu64,
                  entry->seq, entry->time, (int64_t)entry->prev,
                  entry->revision, entry->flags, entry->stamp.time);
    print_bytes(out, entry->key, entry->key_size);
    print_bytes(out, entry->value, entry->value_size);
    print_bytes(out, entry->meta, entry->meta_size);
    (void)fputc('\n', out);
}

static void
print_marks(FILE *out, struct journal *journal)
{
    char name[JOURNAL_MARK_SIZE] = "";
    uint64_t seq;

    while (journal_next_mark(journal, name, &seq) == 0)
        (void)fprintf(out, "mark %s %" PRIu64 "\n", name, seq);
}

char *
golden_describe(struct journal *journal)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    int rc;

    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0)
        print_entry(out, entry);
    ck_assert_int_eq(rc, JOURNAL_END);
    journal_cursor_close(cursor);
    print_marks(out, journal);
    (void)fclose(out);
    return text;
}

char *
golden_read(const char *path, size_t *size)
{
    FILE *in = fopen(path, "rb");
    struct stat status;
    char *bytes;

    ck_assert_msg(in != NULL, "%s: run from the top of the tree", path);
    ck_assert_int_eq(fstat(fileno(in), &status), 0);
    bytes = calloc(1, (size_t)status.st_size + 1);
    *size = fread(bytes, 1, (size_t)status.st_size, in);
    (void)fclose(in);
    return bytes;
}

void
golden_assert(struct journal *journal, const char *description)
{
    char *text = golden_describe(journal);
    size_t size;
    char *expected = golden_read(description, &size);

    ck_assert_str_eq(text, expected);
    free(text);
    free(expected);
}

void
golden_write(const char *path, const void *bytes, size_t size)
{
    FILE *out = fopen(path, "wb");

    ck_assert_msg(out != NULL, "%s", path);
    ck_assert_uint_eq(fwrite(bytes, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
}

void
golden_copy(const char *directory, const char *from)
{
    static const char *const names[] = {"data.mdb", "tail"};
    char path[4096];

    ck_assert_int_eq(mkdir(directory, 0700), 0);
    for (unsigned i = 0; i < 2; i++) {
        size_t size;
        char *bytes;

        (void)snprintf(path, sizeof(path), "%s/%s", from, names[i]);
        if (i > 0 && access(path, F_OK) != 0)
            continue;
        bytes = golden_read(path, &size);
        (void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        golden_write(path, bytes, size);
        free(bytes);
    }
}
