/*
 * engine.h - a store that can do a journal's work, as the benchmark sees it.
 *
 * An engine keeps entries under rising numbers, finds the latest of a key, and
 * counts on in a stored counter; what a call has appended survives loss of
 * power, unless it was opened to do with less.  Another engine joins by a file
 * of its own and a line in engine.c; a part of the benchmark names what it asks
 * of engines, and gets those that can do it.
 *
 * Results: 0, or a code that describe() has words for.  append() and
 * append_batch() may be called from many threads at once, the others from one.
 */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "question.h"
#include "workload.h"

struct engine_db; /* each engine's own */

enum engine_flag {
    ENGINE_HISTORY = 1u << 0, /* get_at() and keys' histories will be asked */
    ENGINE_TIMES = 1u << 1,   /* times will */
    ENGINE_UPKEEP = 1u << 2,  /* old entries will be removed */
    ENGINE_RELAXED = 1u << 3, /* appends need only survive the process */
    ENGINE_KEYLESS = 1u << 4, /* entries are appended without their keys */
    ENGINE_LOOKUPS = 1u << 5, /* entries will be looked for, one by one */
    ENGINE_SHARED = 1u << 6   /* several processes have it open */
};

#define ENGINE_EVERYTHING                                                      \
    (ENGINE_HISTORY | ENGINE_TIMES | ENGINE_UPKEEP | ENGINE_RELAXED |          \
     ENGINE_KEYLESS | ENGINE_LOOKUPS | ENGINE_SHARED)

/* What an engine that has a cache of its own may take for it, and the bits a
 * key that a filter has. */
#define ENGINE_CACHE (UINT32_C(64) << 20)
#define LSM_BLOOM_BITS 10

struct engine_state {
    uint64_t first; /* entries [first, size) are there */
    uint64_t size;
    uint64_t entries;
    uint64_t keys;       /* UPKEEP: with an entry that is still there */
    uint64_t bytes_used; /* of pages in use; 0: the engine has none */
    uint64_t tail_used;  /* bytes that have not gone into these yet */
};

struct engine {
    const char *name;
    uint32_t flags; /* what it can be opened for */
    uint32_t needs; /* what has to be among this */
    const char *(*version)(void);

    /*
     * Opens the database in the directory PATH, or makes it.  If RETAINED is
     * not 0, appends remove what is older than so many of the newest entries.
     */
    int (*open)(struct engine_db **db, const char *path, uint32_t flags,
                uint64_t retained);
    void (*close)(struct engine_db *db);

    /*
     * Another handle on the same database, for a thread that only looks up; to
     * be closed with close_reader(), before DB is.  NULL: any number of threads
     * may look up by DB itself.
     */
    int (*open_reader)(struct engine_db **reader, struct engine_db *db);
    void (*close_reader)(struct engine_db *reader);

    /* What one does behind a bulk load; NULL: nothing. */
    int (*settle)(struct engine_db *db);

    /* append() NULL: a single entry is a batch of one. */
    int (*append)(struct engine_db *db, const struct item *item);
    int (*append_batch)(struct engine_db *db, const struct item *items,
                        size_t count);

    /* Look-ups add what they found to TALLY: nothing for an unknown key. */
    int (*get)(struct engine_db *db, const unsigned char key[KEY_SIZE],
               struct tally *tally);
    int (*get_at)(struct engine_db *db, const unsigned char key[KEY_SIZE],
                  uint64_t limit, struct tally *tally);
    int (*read)(struct engine_db *db, uint64_t seq, struct tally *tally);

    /* Looks at every entry; ENGINE_DISORDER if one comes out of turn. */
    int (*replay)(struct engine_db *db, struct tally *tally);

    /* Adds the answer to TALLY; for ENGINE_HISTORY and ENGINE_TIMES. */
    int (*ask)(struct engine_db *db, const struct question *question,
               struct tally *tally);

    /* The first entry appended at TIME or later, in the engine's own clock. */
    int (*find_time)(struct engine_db *db, uint64_t time, uint64_t *seq);
    int (*time_of)(struct engine_db *db, uint64_t seq, uint64_t *time);

    /*
     * Removes those below BEFORE, and keys that have none left (UPKEEP).  Who
     * appends meanwhile waits for it, unless it is told to remove no more than
     * PRUNE_STEP at a time; 0: it lets him in by itself.
     */
    uint64_t prune_step;
    int (*prune)(struct engine_db *db, uint64_t before);

    /* Removes those below BEFORE that are not their key's latest. */
    int (*compact)(struct engine_db *db, uint64_t before);

    int (*state)(struct engine_db *db, struct engine_state *state);
    const char *(*describe)(int result);
};

/* For who can do everything, and has it in functions of these names. */
#define ENGINE_CALLS                                                           \
    .append_batch = append_batch, .get = get, .get_at = get_at,                \
    .read = read_entry, .replay = replay, .ask = ask, .find_time = find_time,  \
    .time_of = time_of, .prune = prune, .compact = compact, .state = state

/* No engine's own code. */
#define ENGINE_DISORDER (-1000000)

extern const struct engine engine_journal;
extern const struct engine engine_file;
extern const struct engine engine_lmdb;
extern const struct engine engine_sqlite;
extern const struct engine engine_sqlite_off;
extern const struct engine engine_leveldb;
extern const struct engine engine_rocksdb;

/* Ours first, then what it is compared with. */
enum {
    ENGINE_OURS,
    ENGINE_FILE,
    ENGINE_LMDB,
    ENGINE_SQLITE,
    ENGINE_SQLITE_OFF,
    ENGINE_LEVELDB,
    ENGINE_ROCKSDB,
    ENGINES
};

/* NULL: not installed. */
extern const struct engine *const engines[ENGINES];

/* Ends the program, saying what went wrong, unless RESULT is 0. */
void engine_check(const struct engine *engine, const char *work, int result);

/* An engine with the database it has open. */
struct subject {
    const struct engine *engine;
    unsigned column; /* its place among the engines */
    uint32_t flags;
    char *path;
    struct engine_db *db;
    size_t value_size; /* of what it is filled with */
    uint64_t retained; /* set by who wants it, before it is opened */
};

/* Those that a part of the benchmark compares, in turns. */
struct subjects {
    struct subject *list[ENGINES];
    unsigned count;
};

/*
 * Every engine that can be opened for FLAGS, with a path DIR/NAME-COLUMN and
 * nothing open yet.
 */
struct settings;
struct subjects subjects_make(const struct settings *settings, const char *name,
                              uint32_t flags);

/* Closes them and removes what they have on disk. */
void subjects_free(struct subjects *subjects);

/* Of SUBJECTS, whose they stay, those that FLAGS are no trouble for. */
struct subjects subjects_able(const struct subjects *subjects, uint32_t flags);

/* That of the engine COLUMN, or NULL. */
struct subject *subjects_find(const struct subjects *subjects, unsigned column);

/* Who has turn I in STEP. */
struct subject *subjects_turn(const struct subjects *subjects, unsigned i,
                              unsigned step);

/* Ends the program unless RESULT is 0 and what WORK has GOT is EXPECTED. */
void subject_check(const struct subject *subject, const char *work, int result,
                   const struct tally *got, const struct tally *expected);

/* The same of all that is there, as a replay finds it. */
void subject_check_all(const struct subject *subject, const char *what,
                       const struct tally *expected);

void subject_open(struct subject *subject);
void subject_close(struct subject *subject);

/* Appends COUNT entries, more than one of them as a batch. */
int subject_add(const struct subject *subject, const struct item *items,
                size_t count);

/* Appends the entries [FIRST, LIMIT) over KEYS keys, BATCH at a time, or fewer
 * if they are large. */
void subject_append(struct subject *subject, uint64_t keys, uint64_t first,
                    uint64_t limit, size_t batch);

/*
 * Opens it and appends the entries [0, COUNT) over KEYS keys, BATCH at a time:
 * so many share the time of their append.  Then it is settled, closed and
 * opened again, so that nothing is left that an engine puts off.
 */
void subject_fill(struct subject *subject, uint64_t keys, uint64_t count,
                  size_t batch);

#define FILL_BATCH 10000u

#endif
