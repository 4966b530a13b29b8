/* readme.c - the example of README.md. */
#include <journal.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
    struct journal *journal = NULL;
    struct journal_entry *entry = NULL;
    uint64_t seq;
    int rc = journal_open(argc > 1 ? argv[1] : "accounts", NULL, &journal);

    if (rc == 0)
        rc = journal_append(journal, "alice", 5, "10 EUR", 6, &seq);
    if (rc == 0)
        rc = journal_append(journal, "alice", 5, "25 EUR", 6, NULL);
    if (rc == 0)
        rc = journal_get(journal, "alice", 5, &entry);
    if (rc == 0)
        printf("now:  %.*s\n", (int)entry->value_size,
               (const char *)entry->value);
    journal_entry_free(entry);
    entry = NULL;
    if (rc == 0)
        rc = journal_get_at(journal, "alice", 5, seq + 1, &entry);
    if (rc == 0)
        printf("then: %.*s\n", (int)entry->value_size,
               (const char *)entry->value);
    journal_entry_free(entry);
    journal_close(journal);
    if (rc != 0)
        fprintf(stderr, "accounts: %s\n", journal_strerror(rc));
    return rc != 0;
}
