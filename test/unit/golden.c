/* golden.c - journals of test/data, and texts that say what is in them. */
#include "golden.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/figures.h"
#include "support/mode.h"
#include "tail/tail.h"

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

const struct jn_tail_row golden_tail_row = {.open = true,
                                            .run = 0x01020304u,
                                            .salt = 0x1112131415161718u,
                                            .capacity = 65536,
                                            .start = 0x2120,
                                            .next = 0x31,
                                            .last = 0x20f0,
                                            .last_check = 0x5152535455565758u};

const char golden_tail_bytes[] =
    "0100000004030201181716151413121100000100000000002021000000000000"
    "3100000000000000f0200000000000005857565554535251912788d5caca5ce6";

void
golden_assert_tail(const struct jn_tail_row *row, const char *expected)
{
    uint8_t bytes[JN_TAIL_ROW_MAX];

    golden_assert_hex(bytes, jn_tail_row_encode(bytes, row), expected);
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

static void
copy_file(const char *to, const char *from)
{
    size_t size;
    char *bytes = golden_read(from, &size);

    golden_write(to, bytes, size);
    free(bytes);
}

void
golden_copy(const char *directory, const char *from)
{
    static const char *const names[] = {"data.mdb", "tail"};
    char there[4096], path[4096];

    ck_assert_int_eq(mkdir(directory, 0777), 0);
    for (unsigned i = 0; i < 2; i++) {
        (void)snprintf(there, sizeof(there), "%s/%s", from, names[i]);
        (void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        if (i == 0 || access(there, F_OK) == 0)
            copy_file(path, there);
    }
}

void
golden_put(const char *directory, const char *name, const char *path)
{
    char at[4096], text_at[4096];
    struct journal_options options;
    struct journal *journal;
    char *text;

    (void)snprintf(at, sizeof(at), "%s/%s", directory, name);
    (void)snprintf(text_at, sizeof(text_at), "%s/%s.txt", directory, name);
    golden_copy(at, path);
    journal_options_init(&options);
    options.flags = JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE;
    ck_assert_int_eq(mode_open_as_is(at, &options, &journal), 0);
    text = golden_describe(journal);
    journal_close(journal);
    golden_write(text_at, text, strlen(text));
    free(text);
}

/* ---- what is in them ---------------------------------------------------- */

/* The text without the times, the second number of a line. */
static char *
without_times(const char *path)
{
    size_t size;
    char *text = golden_read(path, &size), *out = text, *line, *rest = NULL;

    for (line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        unsigned long long seq;
        int end = 0;

        if (sscanf(line, "%llu %*u%n", &seq, &end) == 1 && end > 0)
            out += sprintf(out, "%llu", seq);
        memmove(out, line + end, strlen(line + end));
        out += strlen(line + end);
        *out++ = '\n';
    }
    *out = '\0';
    return text;
}

void
golden_assert_alike(const char *description, const char *golden)
{
    char *one = without_times(description), *other = without_times(golden);

    ck_assert_str_eq(one, other);
    free(one);
    free(other);
}

void
golden_assert_latest(struct journal *journal)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    unsigned keys = 0;

    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    while (journal_next(cursor, &entry) == 0) {
        struct journal_entry *latest = NULL;

        if (entry->key_size == 0 || (entry->flags & JOURNAL_TOMBSTONE) != 0)
            continue;
        keys++;
        ck_assert_int_eq(journal_get_at(journal, entry->key, entry->key_size,
                                        entry->seq + 1, &latest),
                         0);
        ck_assert_uint_eq(latest->seq, entry->seq);
        ck_assert_uint_eq(latest->revision, entry->revision);
        journal_entry_free(latest);
    }
    journal_cursor_close(cursor);
    ck_assert_uint_gt(keys, 8);
}

/* ---- lives -------------------------------------------------------------- */

struct journal *
golden_open(const char *path, uint32_t durability)
{
    return mode_open_with(path, durability, 0, JN_TAIL_MIN);
}

static const struct journal_stamp stamp = {
    7,
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
};

void
golden_add(struct journal *journal, unsigned first, unsigned count)
{
    struct journal_record records[8];
    static char keys[8][300], values[8][24];

    memset(records, 0, sizeof(records));
    for (unsigned i = 0; i < count; i++) {
        unsigned n = first + i;
        int size = sprintf(keys[i], "key %u", n % 5);

        if (n % 5 == 4)
            size = sprintf(keys[i], "%0290u", n % 5);
        records[i].key = keys[i];
        records[i].key_size = n % 7 == 6 ? 0 : (size_t)size;
        records[i].value = values[i];
        records[i].value_size = (size_t)sprintf(values[i], "value %u", n);
        records[i].meta = "meta";
        records[i].meta_size = n % 3;
        if (n % 6 == 3) {
            records[i].flags = JOURNAL_STAMPED;
            records[i].stamp = stamp;
        } else if (n % 9 == 8 && records[i].key_size > 0) {
            records[i].flags = JOURNAL_TOMBSTONE;
            records[i].value_size = 0;
        }
    }
    ck_assert_int_eq(journal_append_batch(journal, records, count, NULL), 0);
}

struct journal *
golden_begin(const char *path)
{
    struct journal *journal = golden_open(path, JOURNAL_DURABLE);

    for (unsigned n = 0; n < 12; n++)
        golden_add(journal, n, 1);
    ck_assert_int_eq(journal_mark(journal, "reader", 4), 0);
    return journal;
}

/* What a process dies with is not lost, to valgrind, as this leads to it. */
static struct journal *volatile living;

void
golden_live_and_die(const char *path, uint32_t durability,
                    void (*live)(struct journal *journal))
{
    pid_t pid = test_fork();
    int status;

    if (pid == 0) {
        living = golden_open(path, durability);
        live(living);
        (void)raise(SIGKILL);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

void
golden_go_on(struct journal *journal)
{
    uint64_t size = figures_of(journal).size, seq;

    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(journal_append(journal, "key 1", 5, "new", 3, &seq),
                         0);
        ck_assert_uint_eq(seq, size + i);
    }
}
