/* program.c - what somebody who has libjournal installed might write. */
#include <inttypes.h>
#include <journal.h>
#include <stdio.h>
#include <string.h>

/* C and C++ alike: test/install/install_test.sh compiles it as both. */
int
main(int argc, char **argv)
{
    struct journal *journal = NULL;
    struct journal_entry *entry = NULL;
    uint64_t seq = JOURNAL_NONE;
    int rc;

    if (argc != 2)
        return 2;
    rc = journal_open(argv[1], NULL, &journal);
    if (rc == 0)
        rc = journal_append(journal, "greeting", 8, "hello", 5, &seq);
    if (rc == 0)
        rc = journal_get(journal, "greeting", 8, &entry);
    if (rc == 0 && (entry->seq != seq || entry->value_size != 5 ||
                    memcmp(entry->value, "hello", 5) != 0))
        rc = JOURNAL_CORRUPT;
    if (rc == 0)
        printf("entry %" PRIu64 ", libjournal %s\n", seq,
               journal_version_string());
    else
        fprintf(stderr, "%s: %s\n", argv[1], journal_strerror(rc));
    journal_entry_free(entry);
    journal_close(journal);
    return rc == 0 ? 0 : 1;
}
