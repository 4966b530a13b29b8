/* use.c - claims of appending, reading and upkeep. */
#include <string.h>
#include <time.h>

#include "check.h"

static void
what_is_appended_comes_back(const char *path)
{
    struct journal *journal = open_journal(path, JOURNAL_OPEN_NEW);
    struct journal_record records[4] = {record("a", "1"), record(NULL, "2"),
                                        record("empty", ""), record("a", NULL)};
    struct journal_entry *entry = NULL;
    uint64_t seq = 99;

    records[0].meta = "me\0ta";
    records[0].meta_size = 5;
    records[2].flags = JOURNAL_STAMPED;
    records[2].stamp.time = 7;
    records[3].flags = JOURNAL_TOMBSTONE;
    GIVES(0, journal_append(journal, "\0\xff", 2, "v\0", 2, &seq));
    CHECK(seq == 0);
    GIVES(0, journal_append_batch(journal, records, 4, &seq));
    CHECK(seq == 1);
    GIVES(0, journal_delete(journal, "never", 5, &seq));
    CHECK(seq == 5);
    journal_close(journal);

    journal = open_journal(path, JOURNAL_OPEN_EXISTING);
    GIVES(0, journal_get(journal, "\0\xff", 2, &entry));
    CHECK(entry->value_size == 2 && memcmp(entry->value, "v\0", 2) == 0);
    CHECK(entry->seq == 0 && entry->revision == 1);
    CHECK(entry->prev == JOURNAL_NONE && entry->meta_size == 0);
    journal_entry_free(entry);
    GIVES(0, journal_read(journal, 1, &entry));
    CHECK(says(entry, "a", "1") && memcmp(entry->meta, "me\0ta", 5) == 0);
    CHECK(time(NULL) - (time_t)(entry->time / 1000000000) < 3600);
    journal_entry_free(entry);
    GIVES(0, journal_read(journal, 2, &entry));
    CHECK(says(entry, "", "2") && entry->revision == 0);
    journal_entry_free(entry);
    GIVES(0, journal_get(journal, "empty", 5, &entry));
    CHECK(entry->value_size == 0 && entry->value != NULL);
    CHECK(entry->flags == JOURNAL_STAMPED && entry->stamp.time == 7);
    journal_entry_free(entry);
    GIVES(0, journal_read(journal, 4, &entry));
    CHECK(entry->flags == JOURNAL_TOMBSTONE && entry->prev == 1);
    journal_entry_free(entry);
    journal_close(journal);
}

static void
the_past_can_be_asked(const char *path)
{
    struct journal *journal = filled(path, 10);
    struct journal_entry *entry = NULL;
    struct timespec moment = {0, 2000000};
    uint64_t seq = 99;
    uint64_t late;

    GIVES(0, journal_get_at(journal, "k/0", 3, 4, &entry));
    CHECK(says(entry, "k/0", "3"));
    journal_entry_free(entry);
    GIVES(0, journal_delete(journal, "k/0", 3, NULL));
    GIVES(JOURNAL_NOT_FOUND, journal_get(journal, "k/0", 3, &entry));
    GIVES(0, journal_get_at(journal, "k/0", 3, 10, &entry));
    CHECK(says(entry, "k/0", "9"));
    journal_entry_free(entry);
    nanosleep(&moment, NULL);
    GIVES(0, journal_append(journal, "late", 4, NULL, 0, NULL));
    GIVES(0, journal_read(journal, 11, &entry));
    late = entry->time;
    journal_entry_free(entry);
    GIVES(0, journal_find_time(journal, late, &seq));
    CHECK(seq == 11);
    GIVES(0, journal_find_time(journal, late + 1, &seq));
    CHECK(seq == 12);
    GIVES(0, journal_find_time(journal, 0, &seq));
    CHECK(seq == 0);
    journal_close(journal);
}

static void
marks_hold_entries(const char *path)
{
    struct journal *journal = filled(path, 10);
    char name[JOURNAL_MARK_SIZE] = "";
    uint64_t seq = 99;

    GIVES(0, journal_mark(journal, "mailer", 4));
    GIVES(0, journal_mark(journal, "b\xc3\xbcro", 10));
    GIVES(0, journal_next_mark(journal, name, &seq));
    CHECK(strcmp(name, "b\xc3\xbcro") == 0 && seq == 10);
    GIVES(0, journal_next_mark(journal, name, &seq));
    CHECK(strcmp(name, "mailer") == 0 && seq == 4);
    GIVES(JOURNAL_END, journal_next_mark(journal, name, &seq));
    GIVES(0, journal_prune(journal, 8, 0, &seq));
    CHECK(seq == 4);
    GIVES(0, journal_prune(journal, 6, JOURNAL_PRUNE_PAST_MARKS, &seq));
    CHECK(seq == 2);
    GIVES(0, journal_unmark(journal, "mailer"));
    GIVES(JOURNAL_NOT_FOUND, journal_marked(journal, "mailer", &seq));
    GIVES(0, journal_prune(journal, 8, 0, NULL));
    GIVES(JOURNAL_OUT_OF_RANGE, journal_mark(journal, "mailer", 11));
    GIVES(0, journal_marked(journal, "b\xc3\xbcro", &seq));
    CHECK(seq == 10);
    journal_close(journal);
}

static void
figures_are_right(const char *path)
{
    struct journal *journal = filled(path, 10);
    struct journal_stat stat = {0};
    uint64_t removed = 99;

    GIVES(0, journal_delete(journal, "k/0", 3, NULL));
    GIVES(0, journal_sync(journal));
    stat.struct_size = sizeof(stat);
    GIVES(0, journal_stat(journal, &stat));
    CHECK(stat.first == 0 && stat.size == 11 && stat.durable_size == 11);
    CHECK(stat.entries == 11 && stat.keys == 2 && stat.tombstones == 1);
    CHECK(stat.bytes_logical == 11 * 3 + 10);
    GIVES(0, journal_prune(journal, 11, JOURNAL_PRUNE_KEEP_LATEST, &removed));
    CHECK(removed == 9);
    GIVES(0, journal_rewind(journal, 8));
    GIVES(0, journal_stat(journal, &stat));
    CHECK(stat.first == 7 && stat.size == 8 && stat.entries == 1);
    journal_close(journal);
}

static int
told(void *context, uint64_t done, uint64_t total)
{
    unsigned *times = context;

    ++*times;
    return done > total;
}

static void
copies_are_journals(const char *path)
{
    struct journal *journal = filled(path, 500);
    struct journal_report report = {0};
    struct journal_entry *entry = NULL;
    unsigned times = 0;

    report.struct_size = sizeof(report);
    GIVES(0, journal_verify(journal, &report, told, &times));
    CHECK(report.entries_checked == 500 && report.entries_bad == 0);
    CHECK(report.first_bad == JOURNAL_NONE && times > 0);
    GIVES(0, journal_backup(journal, beside(path, "copy"), 0, NULL, NULL));
    journal_close(journal);
    GIVES(0, journal_salvage(beside(path, "copy"), beside(path, "saved"),
                             &report, NULL, NULL));
    CHECK(report.salvaged == 500);
    journal = open_journal(beside(path, "saved"),
                           JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE);
    GIVES(0, journal_read(journal, 499, &entry));
    CHECK(says(entry, "k/1", "499"));
    journal_entry_free(entry);
    journal_close(journal);
    GIVES(0, journal_destroy(beside(path, "copy")));
    GIVES(JOURNAL_NOT_FOUND, journal_destroy(beside(path, "copy")));
}

void
use(void)
{
    CLAIM(what_is_appended_comes_back);
    CLAIM(the_past_can_be_asked);
    CLAIM(marks_hold_entries);
    CLAIM(figures_are_right);
    CLAIM(copies_are_journals);
}
