/* engine_leveldb.c - the same on LevelDB, where it is installed. */
#include "engine.h"

#ifdef BENCH_LEVELDB
#include <leveldb/c.h>

#define LSM_NAME "LevelDB"
#define LSM(name) leveldb_##name
#define CACHE_SIZE (UINT32_C(64) << 20) /* as SQLite has */
#define BLOOM_BITS 10

struct tuning {
    leveldb_cache_t *cache;
    leveldb_filterpolicy_t *filter;
};

/* Nothing in the entries can be compressed, so that would only cost. */
static void
tune(leveldb_options_t *options, struct tuning *tuning)
{
    tuning->cache = leveldb_cache_create_lru(CACHE_SIZE);
    tuning->filter = leveldb_filterpolicy_create_bloom(BLOOM_BITS);
    leveldb_options_set_cache(options, tuning->cache);
    leveldb_options_set_filter_policy(options, tuning->filter);
    leveldb_options_set_compression(options, leveldb_no_compression);
}

static void
untune(struct tuning *tuning)
{
    leveldb_filterpolicy_destroy(tuning->filter);
    leveldb_cache_destroy(tuning->cache);
}

#include "engine_lsm.h"

const struct engine engine_leveldb = {.name = LSM_NAME,
                                      .flags = ENGINE_RELAXED | ENGINE_KEYLESS,
                                      .open = open_database,
                                      .close = close_database,
                                      .settle = settle,
                                      .append = append,
                                      .append_batch = append_batch,
                                      .get = get,
                                      .read = read_entry,
                                      .replay = replay,
                                      .state = state,
                                      .describe = describe};
#endif
