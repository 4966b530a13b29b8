/* lookup.c - the latest entry of a key, now or once. */
#include "lookup.h"

#include <inttypes.h>
#include <stddef.h>

#include "cli.h"
#include "report.h"
#include "target.h"

static int
fail(struct journal *journal, const struct lookup *lookup, int result)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    const char *key = report_key(lookup->key, lookup->key_size);

    if (lookup->at == JOURNAL_NONE)
        return report_failure(lookup->path, result, "key %s", key);
    report_failure(lookup->path, result, "key %s at %" PRIu64, key, lookup->at);
    if (result == JOURNAL_OUT_OF_RANGE && journal_stat(journal, &stat) == 0)
        report_hint("the size is %" PRIu64, stat.size);
    return report_exit(result);
}

int
lookup_print(const struct lookup *lookup)
{
    struct journal_entry *entry = NULL;
    struct journal *journal = NULL;
    int rc, code;

    code = target_open_to_read(lookup->path, lookup->immutable, &journal);
    if (code != CLI_OK)
        return code;
    if (lookup->at == JOURNAL_NONE)
        rc = journal_get(journal, lookup->key, lookup->key_size, &entry);
    else
        rc = journal_get_at(journal, lookup->key, lookup->key_size, lookup->at,
                            &entry);
    if (rc != 0) {
        code = fail(journal, lookup, rc);
        goto out;
    }
    output_entry(entry, lookup->form);
    code = output_flush();
out:
    journal_entry_free(entry);
    journal_close(journal);
    return code;
}
