/* engine.c - the list of engines; databases opened, filled and closed. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

const struct engine *const engines[ENGINE_COUNT] = {
    &engine_journal,
    &engine_lmdb,
#ifdef BENCH_SQLITE
    &engine_sqlite,
#endif
};

void
engine_check(const struct engine *engine, const char *work, int result)
{
    if (result == ENGINE_DISORDER)
        bench_fail("%s: %s: an entry out of turn", engine->name, work);
    if (result != 0)
        bench_fail("%s: %s: %s", engine->name, work, engine->describe(result));
}

void
subjects_make(struct subject subjects[ENGINE_COUNT],
              const struct settings *settings, const char *name)
{
    for (unsigned i = 0; i < ENGINE_COUNT; i++) {
        char file[64];

        snprintf(file, sizeof(file), "%s-%u", name, i);
        subjects[i].engine = engines[i];
        subjects[i].path = bench_path(settings, file);
        subjects[i].db = NULL;
        subjects[i].retained = 0;
    }
}

void
subjects_free(struct subject subjects[ENGINE_COUNT])
{
    for (unsigned i = 0; i < ENGINE_COUNT; i++) {
        subject_close(&subjects[i]);
        free(subjects[i].path);
    }
}

void
subject_open(struct subject *subject, uint32_t flags)
{
    engine_check(subject->engine, "open",
                 subject->engine->open(&subject->db, subject->path, flags,
                                       subject->retained));
}

void
subject_close(struct subject *subject)
{
    if (subject->db != NULL)
        subject->engine->close(subject->db);
    subject->db = NULL;
}

void
subject_fill(struct subject *subject, uint32_t flags, uint64_t keys,
             uint64_t count, size_t batch)
{
    struct item *items = bench_resize(NULL, batch * sizeof(*items));

    subject_open(subject, flags);
    for (uint64_t done = 0; done < count;) {
        size_t size = 0;

        bench_progress("filling", (unsigned)(done / batch),
                       (unsigned)(count / batch));
        for (; size < batch && done < count; size++)
            workload_item(keys, done++, &items[size]);
        engine_check(subject->engine, "filling",
                     subject->engine->append_batch(subject->db, items, size));
    }
    free(items);
    if (subject->engine->settle != NULL)
        engine_check(subject->engine, "settling",
                     subject->engine->settle(subject->db));
}
