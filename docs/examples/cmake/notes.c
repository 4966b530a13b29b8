/* notes.c - keeps what it is told, and tells it all again; built by CMake. */
#include <inttypes.h>
#include <journal.h>
#include <stdio.h>
#include <string.h>

static int
tell_all(struct journal *journal)
{
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry = NULL; /* the cursor's */
    int rc = journal_replay(journal, JOURNAL_NONE, &cursor);

    while (rc == 0) {
        rc = journal_next(cursor, &entry);
        if (rc == 0)
            printf("%" PRIu64 ": %.*s\n", entry->seq, (int)entry->value_size,
                   (const char *)entry->value);
    }
    journal_cursor_close(cursor);
    return rc == JOURNAL_END ? 0 : rc;
}

int
main(int argc, char **argv)
{
    struct journal *journal = NULL;
    int rc = journal_open("notes.journal", NULL, &journal);

    for (int i = 1; rc == 0 && i < argc; i++)
        rc = journal_append(journal, "note", 4, argv[i], strlen(argv[i]), NULL);
    if (rc == 0)
        rc = tell_all(journal);
    journal_close(journal);
    if (rc != 0)
        fprintf(stderr, "notes.journal: %s\n", journal_strerror(rc));
    return rc != 0;
}
