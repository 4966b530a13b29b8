/* quickstart.c - the calls that most programs need, one after the other. */
#include <errno.h>
#include <inttypes.h>
#include <journal.h>
#include <stdio.h>
#include <string.h>

/* What this program shows should be true. */
static int
claim(int truth, const char *text)
{
    if (!truth)
        fprintf(stderr, "not so: %s\n", text);
    return truth ? 0 : ECANCELED;
}

/* A value is bytes, which may hold NUL; here it is text. */
static void
show(const char *title, const struct journal_entry *entry)
{
    printf("%-10s entry %" PRIu64 ": %.*s = %.*s\n", title, entry->seq,
           (int)entry->key_size, (const char *)entry->key,
           (int)entry->value_size, (const char *)entry->value);
}

static int
is(const struct journal_entry *entry, const char *value)
{
    return entry->value_size == strlen(value) &&
           memcmp(entry->value, value, entry->value_size) == 0;
}

/* The latest entry of KEY should have VALUE; without one, be deleted. */
static int
expect_now(struct journal *journal, const char *key, const char *value)
{
    struct journal_entry *entry = NULL;
    int rc = journal_get(journal, key, strlen(key), &entry);

    if (rc == JOURNAL_NOT_FOUND && value == NULL)
        return 0;
    if (rc != 0)
        return rc;
    show("now:", entry);
    rc = claim(value != NULL && is(entry, value), "that is its latest value");
    journal_entry_free(entry);
    return rc;
}

/* What KEY was when the journal had SIZE entries. */
static int
expect_then(struct journal *journal, const char *key, uint64_t size,
            const char *value)
{
    struct journal_entry *entry = NULL;
    int rc = journal_get_at(journal, key, strlen(key), size, &entry);

    if (rc != 0)
        return rc;
    show("then:", entry);
    rc = claim(is(entry, value), "that was its value");
    journal_entry_free(entry);
    return rc;
}

/* Every entry from number FIRST on, in order; there should be COUNT. */
static int
expect_entries(struct journal *journal, uint64_t first, int count)
{
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    int rc = journal_replay(journal, first, &cursor);

    if (rc != 0)
        return rc;
    while ((rc = journal_next(cursor, &entry)) == 0) {
        show(entry->flags & JOURNAL_TOMBSTONE ? "deleted:" : "history:", entry);
        count--;
    }
    journal_cursor_close(cursor);
    if (rc == JOURNAL_END) /* which is how a replay ends */
        rc = claim(count == 0, "there is an entry for each change");
    return rc;
}

/* Nothing is overwritten: a change and a deletion are entries too. */
static int
work(struct journal *journal)
{
    uint64_t first;
    int rc = journal_append(journal, "apples", 6, "5 kg", 4, &first);

    if (rc == 0)
        rc = journal_append(journal, "apples", 6, "3 kg", 4, NULL);
    if (rc == 0)
        rc = expect_now(journal, "apples", "3 kg");
    if (rc == 0)
        rc = expect_then(journal, "apples", first + 1, "5 kg");
    if (rc == 0)
        rc = journal_delete(journal, "apples", 6, NULL);
    if (rc == 0)
        rc = expect_now(journal, "apples", NULL);
    if (rc == 0)
        rc = expect_entries(journal, first, 3);
    return rc;
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "quickstart.journal";
    struct journal *journal = NULL;
    int rc = journal_open(path, NULL, &journal);

    if (rc == 0)
        rc = work(journal);
    if (rc != 0)
        fprintf(stderr, "%s: %s: %s\n", path, journal_errname(rc),
                journal_strerror(rc));
    journal_close(journal);
    return rc == 0 ? 0 : 1;
}
