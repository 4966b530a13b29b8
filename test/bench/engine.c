/* engine.c - the list of engines; databases opened, filled and closed. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "timing.h"

#define BATCH_BYTES_MAX (UINT64_C(16) << 20)

const struct engine *const engines[ENGINES] = {
    [ENGINE_OURS] = &engine_journal,
    [ENGINE_FILE] = &engine_file,
    [ENGINE_LMDB] = &engine_lmdb,
#ifdef BENCH_SQLITE
    [ENGINE_SQLITE] = &engine_sqlite,
    [ENGINE_SQLITE_OFF] = &engine_sqlite_off,
#endif
#ifdef BENCH_LEVELDB
    [ENGINE_LEVELDB] = &engine_leveldb,
#endif
#ifdef BENCH_ROCKSDB
    [ENGINE_ROCKSDB] = &engine_rocksdb,
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

static struct subject *
subject_make(const struct settings *settings, const char *name, uint32_t flags,
             unsigned column)
{
    struct subject *subject = bench_resize(NULL, sizeof(*subject));
    char file[64];

    snprintf(file, sizeof(file), "%s-%u", name, column);
    *subject = (struct subject){.engine = engines[column],
                                .column = column,
                                .flags = flags,
                                .value_size = settings->value_size,
                                .path = bench_path(settings, file)};
    return subject;
}

static bool
can(const struct engine *engine, uint32_t flags)
{
    return (flags & ~engine->flags) == 0 && (engine->needs & ~flags) == 0;
}

struct subjects
subjects_make(const struct settings *settings, const char *name, uint32_t flags)
{
    struct subjects subjects = {0};

    for (unsigned i = 0; i < ENGINES; i++) {
        if (engines[i] != NULL && can(engines[i], flags))
            subjects.list[subjects.count++] = subject_make(settings, name,
                                                           flags, i);
    }
    return subjects;
}

void
subjects_free(struct subjects *subjects)
{
    for (unsigned i = 0; i < subjects->count; i++) {
        subject_close(subjects->list[i]);
        bench_remove(subjects->list[i]->path);
        free(subjects->list[i]->path);
        free(subjects->list[i]);
    }
    subjects->count = 0;
}

struct subjects
subjects_able(const struct subjects *subjects, uint32_t flags)
{
    struct subjects able = {0};

    for (unsigned i = 0; i < subjects->count; i++) {
        if (can(subjects->list[i]->engine, flags | subjects->list[i]->flags))
            able.list[able.count++] = subjects->list[i];
    }
    return able;
}

struct subject *
subjects_find(const struct subjects *subjects, unsigned column)
{
    for (unsigned i = 0; i < subjects->count; i++) {
        if (subjects->list[i]->column == column)
            return subjects->list[i];
    }
    return NULL;
}

struct subject *
subjects_turn(const struct subjects *subjects, unsigned i, unsigned step)
{
    return subjects->list[turn_of(i, step, subjects->count)];
}

void
subject_check(const struct subject *subject, const char *work, int result,
              const struct tally *got, const struct tally *expected)
{
    engine_check(subject->engine, work, result);
    tally_check(got, expected, subject->engine->name, work);
}

void
subject_check_all(const struct subject *subject, const char *what,
                  const struct tally *expected)
{
    struct tally got = {0};
    int rc = subject->engine->replay(subject->db, &got);

    subject_check(subject, what, rc, &got, expected);
}

void
subject_open(struct subject *subject)
{
    engine_check(subject->engine, "open",
                 subject->engine->open(&subject->db, subject->path,
                                       subject->flags, subject->retained));
}

void
subject_close(struct subject *subject)
{
    if (subject->db != NULL)
        subject->engine->close(subject->db);
    subject->db = NULL;
}

int
subject_add(const struct subject *subject, const struct item *items,
            size_t count)
{
    if (count == 1 && subject->engine->append != NULL)
        return subject->engine->append(subject->db, items);
    return subject->engine->append_batch(subject->db, items, count);
}

void
subject_append(struct subject *subject, uint64_t keys, uint64_t first,
               uint64_t limit, size_t batch)
{
    size_t most = 1 + BATCH_BYTES_MAX / subject->value_size;
    struct item *items;

    if (batch > most)
        batch = most;
    items = workload_items(batch, subject->value_size);
    for (uint64_t done = first; done < limit;) {
        size_t size = 0;

        bench_progress("filling", (unsigned)(done / batch),
                       (unsigned)(limit / batch));
        for (; size < batch && done < limit; size++)
            workload_item(keys, done++, &items[size]);
        engine_check(subject->engine, "filling",
                     subject_add(subject, items, size));
    }
    free(items);
}

void
subject_fill(struct subject *subject, uint64_t keys, uint64_t count,
             size_t batch)
{
    subject_open(subject);
    subject_append(subject, keys, 0, count, batch);
    if (subject->engine->settle != NULL)
        engine_check(subject->engine, "settling",
                     subject->engine->settle(subject->db));
    subject_close(subject);
    subject_open(subject);
}
