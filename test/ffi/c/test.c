/* test.c - does libjournal keep its promises to a program in C99? */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned passed;
static unsigned failed;

static bool
count(bool so)
{
    *(so ? &passed : &failed) += 1;
    return so;
}

bool
check(bool so, const char *words, const char *file, int line)
{
    if (!so)
        printf("%s:%d: not so: %s\n", file, line, words);
    return count(so);
}

bool
check_result(int expected, int result, const char *words, const char *file,
             int line)
{
    if (result != expected)
        printf("%s:%d: %s gives %s (%s), not %s\n", file, line, words,
               journal_errname(result), journal_strerror(result),
               journal_errname(expected));
    return count(result == expected);
}

static struct journal *
opened(const char *path, const struct journal_options *options)
{
    struct journal *journal = NULL;
    int rc = journal_open(path, options, &journal);

    if (rc != 0) {
        printf("%s: %s\n", path, journal_strerror(rc));
        exit(1);
    }
    return journal;
}

struct journal *
open_journal(const char *path, uint32_t flags)
{
    struct journal_options options;

    journal_options_init(&options);
    options.flags = flags;
    return opened(path, &options);
}

struct journal *
filled(const char *path, unsigned count)
{
    struct journal_options options;
    struct journal *journal;
    char key[16];
    char value[16];

    journal_options_init(&options);
    options.durability = JOURNAL_RELAXED;
    journal = opened(path, &options);
    for (unsigned i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "k/%u", i % 3);
        snprintf(value, sizeof(value), "%u", i);
        GIVES(0, journal_append(journal, key, strlen(key), value, strlen(value),
                                NULL));
    }
    return journal;
}

const char *
beside(const char *path, const char *word)
{
    static char names[2][4096];
    static unsigned turn;

    turn = 1 - turn;
    snprintf(names[turn], sizeof(names[turn]), "%s.%s", path, word);
    return names[turn];
}

struct journal_record
record(const char *key, const char *value)
{
    struct journal_record result = {0};

    result.key = key;
    result.key_size = key == NULL ? 0 : strlen(key);
    result.value = value;
    result.value_size = value == NULL ? 0 : strlen(value);
    return result;
}

bool
says(const struct journal_entry *entry, const char *key, const char *value)
{
    return entry->key_size == strlen(key) &&
           memcmp(entry->key, key, entry->key_size) == 0 &&
           entry->value_size == strlen(value) &&
           memcmp(entry->value, value, entry->value_size) == 0;
}

bool
gives_numbers(struct journal_cursor *cursor, const uint64_t *expected,
              size_t count)
{
    const struct journal_entry *entry;
    size_t seen = 0;
    bool same = true;
    int rc;

    while ((rc = journal_next(cursor, &entry)) == 0) {
        same = same && seen < count && entry->seq == expected[seen];
        seen++;
    }
    journal_cursor_close(cursor);
    return same && seen == count && rc == JOURNAL_END;
}

void
make_claim(claim claim, const char *name)
{
    char path[4096];
    unsigned before = failed;

    snprintf(path, sizeof(path), "%s/%s", getenv("JOURNAL_WORK"), name);
    claim(path);
    if (failed > before)
        printf("that is, not so: %s\n", name);
}

int
main(void)
{
    if (getenv("JOURNAL_WORK") == NULL) {
        printf("JOURNAL_WORK names no directory\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* so that a fork copies no output */
    use();
    query();
    misuse();
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
