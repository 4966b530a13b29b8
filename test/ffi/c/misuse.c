/* misuse.c - what is refused, and what misuse comes to. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* Fixed for ever, so that a switch of any age is right. */
static const char *const names[] = {"OK",        "END",          "NOT_FOUND",
                                    "PRUNED",    "OUT_OF_RANGE", "CONFLICT",
                                    "OUTDATED",  "TOO_BIG",      "FULL",
                                    "READ_ONLY", "BUSY",         "CORRUPT",
                                    "FAILED",    "UNSUPPORTED",  "TIMEOUT",
                                    "FORKED",    "EXISTS"};

static void
each_code_has_a_name_and_a_text(const char *path)
{
    (void)path;
    for (int code = 1; code <= 16; code++) {
        CHECK(strcmp(journal_errname(-code) + strlen("JOURNAL_"),
                     names[code]) == 0);
        for (int other = 0; other < code; other++)
            CHECK(strcmp(journal_strerror(-code), journal_strerror(-other)) !=
                  0);
    }
    CHECK(strcmp(journal_errname(0), "OK") == 0);
    CHECK(strcmp(journal_errname(ENOSPC), "ENOSPC") == 0);
    CHECK(strcmp(journal_errname(-17), "UNKNOWN") == 0);
    CHECK(journal_strerror(-17) != NULL && journal_strerror(1 << 30) != NULL);
    CHECK(journal_version() ==
          (JOURNAL_VERSION_MAJOR << 16 | JOURNAL_VERSION_MINOR << 8 |
           JOURNAL_VERSION_PATCH));
    CHECK(strstr(journal_version_string(), "LMDB") != NULL);
}

static int
result_of_open(const char *path, const struct journal_options *options)
{
    struct journal *journal = NULL;
    int rc = journal_open(path, options, &journal);

    CHECK((rc == 0) == (journal != NULL));
    journal_close(journal);
    return rc;
}

static int
result_with_flags(const char *path, uint32_t flags)
{
    struct journal_options options;

    journal_options_init(&options);
    options.flags = flags;
    return result_of_open(path, &options);
}

static void
opening_refuses(const char *path)
{
    struct {
        struct journal_options known;
        uint64_t more;
    } longer = {0};

    journal_options_init(&longer.known);
    GIVES(JOURNAL_NOT_FOUND, result_with_flags(path, JOURNAL_OPEN_EXISTING));
    GIVES(JOURNAL_NOT_FOUND, result_with_flags(path, JOURNAL_OPEN_READ_ONLY));
    GIVES(EINVAL, result_with_flags(path, JOURNAL_OPEN_IMMUTABLE));
    GIVES(EINVAL, result_with_flags(path, 1u << 31));
    GIVES(EINVAL, result_of_open(NULL, NULL));
    GIVES(EINVAL, result_of_open("", NULL));
    GIVES(EINVAL, journal_open(path, NULL, NULL));
    GIVES(ENOENT, result_of_open("/nonexistent/journal", NULL));
    GIVES(JOURNAL_UNSUPPORTED, result_of_open("/dev/null", NULL));
    longer.known.struct_size = sizeof(longer);
    longer.more = 1;
    GIVES(EINVAL, result_of_open(path, &longer.known));
    longer.known.struct_size = 3;
    GIVES(EINVAL, result_of_open(path, &longer.known));
    longer.known.struct_size = sizeof(longer);
    longer.more = 0;
    GIVES(0, result_of_open(path, &longer.known));
    GIVES(JOURNAL_EXISTS, result_with_flags(path, JOURNAL_OPEN_NEW));
}

/* What appending a record of KEY gives that has these further wishes. */
static int
append(struct journal *journal, const char *key, uint32_t flags, uint64_t seq,
       uint64_t time)
{
    struct journal_record one = record(key, NULL);

    one.flags = flags;
    one.expect = one.expect_seq = seq;
    one.stamp.time = time;
    return journal_append_batch(journal, &one, 1, NULL);
}

static void
appending_refuses(const char *path)
{
    struct journal *journal = open_journal(path, 0);
    char *huge = calloc(1, JOURNAL_KEY_MAX + 1);
    uint64_t seq = 99;

    if (!CHECK(huge != NULL))
        return;
    GIVES(0, append(journal, "k", JOURNAL_STAMPED, 0, 5));
    GIVES(JOURNAL_OUTDATED, append(journal, "k", JOURNAL_STAMPED, 0, 4));
    GIVES(JOURNAL_CONFLICT,
          append(journal, "k", JOURNAL_EXPECT, JOURNAL_NONE, 0));
    GIVES(JOURNAL_CONFLICT, append(journal, "k", JOURNAL_EXPECT_SEQ, 7, 0));
    GIVES(EINVAL, append(journal, "", JOURNAL_TOMBSTONE, 0, 0));
    GIVES(EINVAL, append(journal, "k", 1u << 31, 0, 0));
    GIVES(EINVAL, journal_append_batch(journal, NULL, 0, &seq));
    GIVES(EINVAL, journal_append_packed(journal, "short", 5, NULL, &seq));
    GIVES(EINVAL, journal_append(journal, NULL, 1, NULL, 0, &seq));
    GIVES(EINVAL, journal_append(NULL, "k", 1, NULL, 0, &seq));
    GIVES(JOURNAL_TOO_BIG,
          journal_append(journal, huge, JOURNAL_KEY_MAX + 1, NULL, 0, &seq));
    GIVES(JOURNAL_TOO_BIG, journal_append(journal, "k", 1, huge,
                                          (size_t)JOURNAL_VALUE_MAX + 1, &seq));
    CHECK(seq == 99);
    GIVES(0, append(journal, "k", JOURNAL_EXPECT, 0, 0));
    journal_close(journal);
    free(huge);
}

static void
reading_refuses(const char *path)
{
    struct journal *journal = filled(path, 10);
    struct journal_cursor *cursor = NULL;
    struct journal_entry *entry = NULL;
    struct journal_query wrong;

    GIVES(0, journal_prune(journal, 4, 0, NULL));
    GIVES(JOURNAL_PRUNED, journal_read(journal, 3, &entry));
    GIVES(JOURNAL_OUT_OF_RANGE, journal_read(journal, 10, &entry));
    GIVES(JOURNAL_PRUNED, journal_get_at(journal, "k/0", 3, 4, &entry));
    GIVES(JOURNAL_NOT_FOUND, journal_get(journal, "none", 4, &entry));
    GIVES(EINVAL, journal_get(journal, "", 0, &entry));
    GIVES(JOURNAL_PRUNED, journal_replay(journal, 3, &cursor));
    GIVES(JOURNAL_OUT_OF_RANGE, journal_replay(journal, 11, &cursor));
    journal_query_init(&wrong);
    wrong.flags = JOURNAL_QUERY_FOLLOW | JOURNAL_QUERY_REVERSE;
    GIVES(EINVAL, journal_query(journal, &wrong, &cursor));
    CHECK(cursor == NULL && entry == NULL);
    GIVES(EINVAL, journal_rewind(journal, 11));
    GIVES(JOURNAL_PRUNED, journal_rewind(journal, 3));
    GIVES(JOURNAL_BUSY, journal_destroy(path));
    journal_close(journal);
    journal = open_journal(path, JOURNAL_OPEN_READ_ONLY);
    GIVES(JOURNAL_READ_ONLY, journal_append(journal, "k", 1, NULL, 0, NULL));
    GIVES(JOURNAL_READ_ONLY, journal_mark(journal, "m", 5));
    journal_close(journal);
}

static void
a_full_journal_can_be_pruned(const char *path)
{
    struct journal_options options;
    struct journal *journal = NULL;
    static const char value[10000];
    uint64_t count = 0;
    int rc;

    journal_options_init(&options);
    options.bytes_max = 1 << 20;
    options.durability = JOURNAL_RELAXED;
    GIVES(0, journal_open(path, &options, &journal));
    while ((rc = journal_append(journal, "k", 1, value, sizeof(value), NULL)) ==
           0)
        count++;
    GIVES(JOURNAL_FULL, rc);
    GIVES(0, journal_prune(journal, count, 0, &count));
    CHECK(count > 10);
    GIVES(0, journal_append(journal, "k", 1, value, sizeof(value), NULL));
    journal_close(journal);
}

/* Changes a byte where BYTES are first in the file. */
static void
flip(const char *path, const char *bytes)
{
    FILE *file = fopen(path, "r+b");
    size_t at = 0;
    long start = 0;
    int c;

    if (!CHECK(file != NULL))
        return;
    while (bytes[at] != '\0' && (c = getc(file)) != EOF) {
        at = c == bytes[at] ? at + 1 : c == bytes[0];
        start++;
    }
    CHECK(bytes[at] == '\0');
    CHECK(fseek(file, start - 1, SEEK_SET) == 0 && putc('!', file) == '!');
    CHECK(fclose(file) == 0);
}

static void
damage_is_told(const char *path)
{
    struct journal *journal = open_journal(path, 0);
    struct journal_record records[3] = {record("k", "value #0"),
                                        record("k", "value #1"),
                                        record("k", "value #2")};
    struct journal_report report = {0};
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    char file[4096];

    GIVES(0, journal_append_batch(journal, records, 3, NULL));
    journal_close(journal);
    snprintf(file, sizeof(file), "%s/data.mdb", path);
    flip(file, "value #1");
    journal = open_journal(path, 0);
    GIVES(0, journal_replay(journal, 0, &cursor));
    GIVES(0, journal_next(cursor, &entry));
    GIVES(JOURNAL_CORRUPT, journal_next(cursor, &entry));
    GIVES(0, journal_next(cursor, &entry));
    CHECK(says(entry, "k", "value #2"));
    GIVES(JOURNAL_END, journal_next(cursor, &entry));
    GIVES(JOURNAL_END, journal_next(cursor, &entry));
    journal_cursor_close(cursor);
    report.struct_size = sizeof(report);
    GIVES(JOURNAL_CORRUPT, journal_verify(journal, &report, NULL, NULL));
    CHECK(report.first_bad == 1 && report.entries_bad == 1);
    GIVES(JOURNAL_CORRUPT,
          journal_backup(journal, beside(path, "copy"), 0, NULL, NULL));
    journal_close(journal);
    GIVES(0, journal_salvage(path, beside(path, "saved"), &report, NULL, NULL));
    CHECK(report.salvaged == 2 && report.entries_bad == 1);
}

static int
stop(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    return done <= total;
}

static void
long_calls_can_be_stopped(const char *path)
{
    struct journal *journal = filled(path, 100);

    GIVES(ECANCELED, journal_verify(journal, NULL, stop, NULL));
    GIVES(ECANCELED,
          journal_backup(journal, beside(path, "copy"), 0, stop, NULL));
    journal_close(journal);
    GIVES(ECANCELED,
          journal_salvage(path, beside(path, "copy"), NULL, stop, NULL));
    CHECK(access(beside(path, "copy"), F_OK) == -1);
}

static void
a_cursor_outlives_its_journal(const char *path)
{
    struct journal *journal = filled(path, 3);
    struct journal_cursor *cursor = NULL;
    const uint64_t all[] = {0, 1, 2};

    GIVES(0, journal_replay(journal, 0, &cursor));
    journal_close(journal);
    CHECK(gives_numbers(cursor, all, 3));
    journal_close(NULL);
    journal_cursor_close(NULL);
    journal_entry_free(NULL);
    GIVES(0, journal_destroy(path));
}

static struct journal *shared;
static unsigned char taken[400];

static void *
append_its_share(void *unused)
{
    uint64_t before = 0;
    uint64_t seq = 0;
    bool rising = true;

    for (int i = 0; i < 100; i++) {
        if (journal_append(shared, "k", 1, NULL, 0, &seq) != 0 || seq >= 400)
            return NULL;
        rising = rising && (i == 0 || seq > before);
        before = seq;
        taken[seq]++;
    }
    return rising ? taken : unused;
}

static void
four_threads_get_dense_numbers(const char *path)
{
    pthread_t threads[4];
    void *well = NULL;

    shared = open_journal(path, 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, append_its_share, NULL) == 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], &well) == 0 && well != NULL);
    for (int i = 0; i < 400; i++)
        CHECK(taken[i] == 1);
    journal_close(shared);
}

/* In the child: 0 if all is as journal.h says. */
static int
as_child(struct journal *inherited, const char *path)
{
    struct journal *own = NULL;
    int rc = journal_append(inherited, "k", 1, NULL, 0, NULL);

    journal_close(inherited);
    if (rc != JOURNAL_FORKED)
        return 1;
    rc = journal_open(path, NULL, &own);
    if (rc == 0)
        rc = journal_append(own, "k", 1, "child", 5, NULL);
    journal_close(own);
    return rc;
}

/* In the child: what opening to write gives there. */
static int
as_other(struct journal *inherited, const char *path)
{
    struct journal *own = NULL;
    int rc;

    journal_close(inherited);
    rc = journal_open(path, NULL, &own);
    journal_close(own);
    return -rc;
}

static int
status_of_child(int (*work)(struct journal *, const char *),
                struct journal *journal, const char *path)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0)
        _exit(work(journal, path));
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
a_forked_child_opens_its_own(const char *path)
{
    struct journal *journal = filled(path, 1);
    struct journal_entry *entry = NULL;

    CHECK(status_of_child(as_child, journal, path) == 0);
    GIVES(0, journal_get(journal, "k", 1, &entry));
    CHECK(says(entry, "k", "child") && entry->seq == 1);
    journal_entry_free(entry);
    journal_close(journal);
    journal = open_journal(path, JOURNAL_OPEN_EXCLUSIVE);
    CHECK(status_of_child(as_other, journal, path) == -JOURNAL_BUSY);
    journal_close(journal);
}

void
misuse(void)
{
    CLAIM(each_code_has_a_name_and_a_text);
    CLAIM(opening_refuses);
    CLAIM(appending_refuses);
    CLAIM(reading_refuses);
    CLAIM(a_full_journal_can_be_pruned);
    CLAIM(damage_is_told);
    CLAIM(long_calls_can_be_stopped);
    CLAIM(a_cursor_outlives_its_journal);
    CLAIM(four_threads_get_dense_numbers);
    CLAIM(a_forked_child_opens_its_own);
}
