/* bench.c - what a journal can do on a disk: one case after the other. */
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_case.h"
#include "cli.h"
#include "report.h"

#define BATCH 100u

/* ---- the place ---------------------------------------------------------- */

static int
make_scratch(struct bench *bench)
{
    int length = snprintf(bench->scratch, sizeof(bench->scratch),
                          "%s/journal-bench.XXXXXX", bench->directory);

    bench->value = malloc(bench->value_size + 1);
    if (bench->value == NULL)
        return report_failure(bench->directory, ENOMEM, NULL);
    memset(bench->value, 'v', bench->value_size);
    if (length < 0 || (size_t)length >= sizeof(bench->scratch)) {
        bench->scratch[0] = '\0';
        return report_failure(bench->directory, ENAMETOOLONG, NULL);
    }
    if (mkdtemp(bench->scratch) == NULL) {
        bench->scratch[0] = '\0';
        return report_failure(bench->directory, errno,
                              "making a scratch directory");
    }
    return CLI_OK;
}

static const char *
path_of(struct bench *bench, const char *name)
{
    snprintf(bench->path, sizeof(bench->path), "%s/%s", bench->scratch, name);
    return bench->path;
}

static int
remove_scratch(struct bench *bench)
{
    int rc = 0;

    free(bench->value);
    if (bench->scratch[0] == '\0')
        return CLI_OK;
    if (unlink(path_of(bench, "flush")) != 0 && errno != ENOENT)
        rc = errno;
    if (rc == 0)
        rc = journal_destroy(path_of(bench, "journal"));
    if (rc == JOURNAL_NOT_FOUND)
        rc = 0;
    if (rc == 0 && rmdir(bench->scratch) != 0)
        rc = errno;
    if (rc == 0)
        return CLI_OK;
    return report_failure(bench->scratch, rc, "removing it; do so by hand");
}

/* ---- cases -------------------------------------------------------------- */

static int
finish_case(struct bench *bench, const struct bench_result *result, int rc)
{
    bench->done++;
    if (rc == ECANCELED)
        return CLI_DONE;
    if (rc != 0)
        return report_failure(bench->scratch, rc, "%s", result->name);
    progress_clear();
    return bench->show(bench->context, bench, result) ? CLI_DONE : CLI_OK;
}

static int
measure_flush(struct bench *bench)
{
    struct bench_result result = {.name = "flush of 4 KiB",
                                  .threads = 1,
                                  .batch = 1};
    int rc = bench_flush(bench, path_of(bench, "flush"), &result);

    return finish_case(bench, &result, rc);
}

static int
measure(struct bench *bench, struct journal *journal, const char *name,
        unsigned threads, unsigned batch,
        int (*run)(struct bench *, struct journal *, struct bench_result *))
{
    struct bench_result result = {.name = name,
                                  .threads = threads,
                                  .batch = batch};

    return finish_case(bench, &result, run(bench, journal, &result));
}

static int
measure_durable(struct bench *bench, struct journal *journal)
{
    int code = measure(bench, journal, "append", 1, 1, bench_append);

    if (code == CLI_OK)
        code = measure(bench, journal, "append", bench->threads, 1,
                       bench_append);
    if (code == CLI_OK)
        code = measure(bench, journal, "append", 1, BATCH, bench_append);
    return code;
}

static int
measure_relaxed(struct bench *bench, struct journal *journal)
{
    int code = measure(bench, journal, "append, relaxed", 1, 1, bench_append);

    if (code == CLI_OK)
        code = measure(bench, journal, "append, relaxed", 1, BATCH,
                       bench_append);
    if (code == CLI_OK)
        code = measure(bench, journal, "get", 1, 1, bench_get);
    if (code == CLI_OK)
        code = measure(bench, journal, "replay", 1, 1, bench_replay);
    return code;
}

/* Within one journal, which others would use alike. */
static int
measure_journal(struct bench *bench, enum journal_durability durability,
                int (*cases)(struct bench *, struct journal *))
{
    struct journal_options options;
    struct journal *journal = NULL;
    const char *path = path_of(bench, "journal");
    int rc, code;

    journal_options_init(&options);
    options.durability = durability;
    rc = journal_open(path, &options, &journal);
    if (rc != 0)
        return report_failure(path, rc, NULL);
    code = cases(bench, journal);
    journal_close(journal);
    return code;
}

int
bench_run(struct bench *bench)
{
    int code, end;

    progress_begin(&bench->progress, "measuring");
    code = make_scratch(bench);
    if (code == CLI_OK)
        code = measure_flush(bench);
    if (code == CLI_OK)
        code = measure_journal(bench, JOURNAL_DURABLE, measure_durable);
    if (code == CLI_OK)
        code = measure_journal(bench, JOURNAL_RELAXED, measure_relaxed);
    end = remove_scratch(bench);
    progress_end(&bench->progress);
    return code == CLI_OK ? end : code;
}
