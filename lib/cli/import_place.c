/* import_place.c - where in the journal an import begins, or goes on. */
#include <inttypes.h>
#include <string.h>

#include "cli.h"
#include "import.h"
#include "report.h"
#include "target.h"

/* ---- the journal -------------------------------------------------------- */

/* Relaxed: it is made durable in one go at the end, or the rest comes again. */
int
import_open(struct import *import, uint64_t first)
{
    struct journal_options options;
    struct journal_stat stat;
    int code;

    journal_options_init(&options);
    options.durability = JOURNAL_RELAXED;
    options.first_seq = first;
    code = target_open_with(import->request->path, &options, &import->journal);
    if (code == CLI_OK)
        code = target_stat(import->journal, import->request->path, &stat);
    if (code != CLI_OK)
        return code;
    import->found = stat.size != first;
    import->present_below = stat.size;
    import->next = stat.size;
    return CLI_OK;
}

/* ---- lines without numbers ---------------------------------------------- */

static int
fail_at_mark(const struct import *import, int result)
{
    return report_failure(import->request->path, result, "mark %s",
                          report_key(IMPORT_MARK, strlen(IMPORT_MARK)));
}

/* A new one: nothing else would tell a second run what the first has done. */
static int
begin_unnumbered(struct import *import)
{
    const char *path = import->request->path;
    struct journal_stat stat;
    int rc, code = target_stat(import->journal, path, &stat);

    if (code != CLI_OK)
        return code;
    if (stat.entries > 0 && !import->request->append) {
        report_problem("journal",
                       "%s: it has entries, and the lines have no "
                       "numbers to find their place by",
                       path);
        report_hint("--append puts them behind those entries");
        return CLI_USAGE;
    }
    rc = journal_mark(import->journal, IMPORT_MARK, stat.size);
    if (rc != 0)
        return fail_at_mark(import, rc);
    import->position = stat.size;
    return CLI_OK;
}

/* At the mark of a run that did not finish, if there is one. */
static int
find_unnumbered(struct import *import)
{
    uint64_t seq;
    int rc = journal_marked(import->journal, IMPORT_MARK, &seq);

    if (rc == JOURNAL_NOT_FOUND)
        return begin_unnumbered(import);
    if (rc != 0)
        return fail_at_mark(import, rc);
    report_hint("going on with an import that began at number %" PRIu64
                " and did not finish",
                seq);
    import->position = seq;
    return CLI_OK;
}

int
import_begin(struct import *import, const struct json_line *line)
{
    bool numbered = (line->members & JSON_LINE_SEQ) != 0 &&
                    !import->request->renumber;
    int code = CLI_OK;

    if (import->journal == NULL)
        code = import_open(import, numbered ? line->seq : 0);
    if (code != CLI_OK)
        return code;
    import->numbering = numbered ? NUMBERED : UNNUMBERED;
    return numbered ? CLI_OK : find_unnumbered(import);
}

/* Durable, whatever came before this; then the mark has done its work. */
int
import_finish(struct import *import)
{
    int rc = journal_sync(import->journal);

    if (rc != 0)
        return report_failure(import->request->path, rc, NULL);
    if (import->numbering != UNNUMBERED)
        return CLI_OK;
    rc = journal_unmark(import->journal, IMPORT_MARK);
    return rc == 0 ? CLI_OK : fail_at_mark(import, rc);
}

/* ---- what is there ------------------------------------------------------ */

static bool
same_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static bool
same(const struct journal_entry *entry, const struct journal_record *record)
{
    if (entry->flags != record->flags)
        return false;
    if ((entry->flags & JOURNAL_STAMPED) != 0 &&
        (entry->stamp.time != record->stamp.time ||
         memcmp(entry->stamp.id, record->stamp.id, sizeof(entry->stamp.id)) !=
             0))
        return false;
    return same_bytes(entry->key, entry->key_size, record->key,
                      record->key_size) &&
           same_bytes(entry->meta, entry->meta_size, record->meta,
                      record->meta_size) &&
           same_bytes(entry->value, entry->value_size, record->value,
                      record->value_size);
}

static int
differs(const struct import *import, uint64_t number)
{
    report_input(import->line,
                 "%s has another entry %" PRIu64
                 " already: nothing more was imported",
                 import->request->path, number);
    if (import->numbering == UNNUMBERED)
        report_hint("an import that did not finish began with other lines; to "
                    "forget it: journal mark --delete %s %s",
                    import->request->path, IMPORT_MARK);
    else
        report_hint("this is of another journal; --renumber --append puts it "
                    "behind what is there, with new numbers");
    return CLI_CONFLICT;
}

/* What has been pruned since was there, too. */
int
import_compare(struct import *import, const struct json_line *line,
               uint64_t number)
{
    struct journal_entry *entry;
    int rc = journal_read(import->journal, number, &entry);
    bool equal;

    if (rc == JOURNAL_PRUNED) {
        import->result->present++;
        return CLI_OK;
    }
    if (rc != 0)
        return report_failure(import->request->path, rc, "entry %" PRIu64,
                              number);
    equal = same(entry, &line->record);
    journal_entry_free(entry);
    if (!equal)
        return differs(import, number);
    import->result->present++;
    return CLI_OK;
}
