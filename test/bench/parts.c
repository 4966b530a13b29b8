/* parts.c - the parts of the benchmark, in the order in which they run. */
#include <stdlib.h>
#include <string.h>

#include "measure.h"

/* What is measured of the one journal of SETTINGS, from its filling on. */
static void
measure_journal(struct report *report, const struct settings *settings)
{
    struct subjects subjects = subjects_make(settings, "journal",
                                             ENGINE_LOOKUPS);
    struct subjects able = subjects_able(&subjects, ENGINE_UPKEEP);
    struct tally everything;
    struct tally nothing = {0};
    struct model model;

    model_make(&model, settings->keys, settings->entries, settings->value_size);
    for (unsigned i = 0; i < subjects.count; i++)
        subject_fill(subjects.list[i], settings->keys, settings->entries,
                     FILL_BATCH);
    measure_space(report, settings, &subjects);
    measure_reads(report, settings, &subjects, &model);
    everything = model_tally(&model, 0, model.count);
    measure_memory(report, &subjects, "replay", &everything);
    for (unsigned i = 0; i < able.count; i++)
        subject_open(able.list[i]);
    measure_filling(report, settings, &able, &model);
    measure_prune(report, settings, &able, &model);
    measure_compaction(report, settings, &able, &model);
    measure_memory(report, &able, "prune", &nothing);
    subjects_free(&subjects);
    model_free(&model);
}

static const struct part {
    const char *name;
    void (*measure)(struct report *report, const struct settings *settings);
    const char *about;
    bool large; /* only then, or when it is named */
} parts[] = {
    {"appends", measure_appends,
     "durable, of 1, 4, 16 and 64 threads; single ones beside the bare disk",
     false},
    {"batches", measure_batches, "durable, of 10, 100 and 1000", false},
    {"sizes", measure_sizes,
     "values of 100 bytes, 1 KB and 64 KB, durable and relaxed", false},
    {"grid", measure_grid,
     "these in all ways: 1 to 64 threads, batches of 1 to 1000", true},
    {"opens", measure_opens,
     "after a close, and after the kill of who appended relaxed", false},
    {"relaxed", measure_relaxed,
     "appends that survive the process, not loss of power: JOURNAL_RELAXED,\n"
     "               MDB_NOSYNC, SQLite's NORMAL and OFF, writes without sync;"
     " few\n               keys, many, one, none",
     false},
    {"processes", measure_processes, "appends of 1, 2 and 4 processes", false},
    {"journal", measure_journal,
     "a get, a read, uniform and by Zipf, a replay, space, memory, a prune",
     false},
    {"history", measure_history, "get_at among the revisions of one key",
     false},
    {"questions", measure_questions,
     "about keys, prefixes, times, the state as of a number", false},
    {"times", measure_find_time, "find_time", false},
    {"retention", measure_retention, "batches that remove what is too old",
     false},
    {"pruning", measure_pruning,
     "appends while another process removes the older half", false},
    {"beside", measure_beside, "look-ups while somebody appends", false},
    {"wakeups", measure_wakeups, "how soon another process knows of an append",
     false},
    {"offered", measure_offered,
     "how soon it sees what is appended at a fixed rate", false},
    {"costs", measure_costs, "bytes written for an entry, memory", false},
    {"growth", measure_growth, "small journals and large ones", false},
};

#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

void
parts_describe(FILE *file)
{
    for (size_t i = 0; i < PART_COUNT; i++)
        fprintf(file, "    %-11s%s\n", parts[i].name, parts[i].about);
}

/* Is NAME one of LIST, which has commas between its words? */
static bool
listed(const char *list, const char *name)
{
    size_t size = strlen(name);

    while (*list != '\0') {
        if (strncmp(list, name, size) == 0 && strchr(",", list[size]) != NULL)
            return true;
        list += strcspn(list, ",");
        list += strspn(list, ",");
    }
    return false;
}

static bool
wanted(const struct part *part, const struct settings *settings)
{
    if (settings->part != NULL)
        return listed(settings->part, part->name);
    return !part->large || settings->large;
}

/* A word that is no part is a mistake, not nothing to do. */
static void
check_words(const char *list)
{
    while (*list != '\0') {
        size_t size = strcspn(list, ",");
        bool known = false;

        for (size_t i = 0; i < PART_COUNT; i++)
            known |= strlen(parts[i].name) == size &&
                     strncmp(parts[i].name, list, size) == 0;
        if (!known)
            bench_fail("no part %.*s", (int)size, list);
        list += size + (list[size] == ',');
    }
}

static void
name_the_missing(struct report *report)
{
    if (engines[ENGINE_SQLITE] == NULL)
        report_remark(report, "SQLite is left out: no libsqlite3-dev, or no"
                              " pkg-config to find it.");
    if (engines[ENGINE_LEVELDB] == NULL)
        report_remark(report, "LevelDB is left out: no libleveldb-dev.");
    if (engines[ENGINE_ROCKSDB] == NULL)
        report_remark(report, "RocksDB is left out: no librocksdb-dev.");
}

void
parts_measure(struct report *report, const struct settings *settings)
{
    unsigned count = 0, done = 0;

    if (settings->part != NULL)
        check_words(settings->part);
    for (size_t i = 0; i < PART_COUNT; i++)
        count += wanted(&parts[i], settings);
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (!wanted(&parts[i], settings))
            continue;
        bench_part(parts[i].name, ++done, count);
        report_section(report, parts[i].name);
        parts[i].measure(report, settings);
        report_section_end(report);
    }
    name_the_missing(report);
}
