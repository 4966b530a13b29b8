/* engine_leveldb.c - the same on LevelDB, where it is installed. */
#include "engine.h"

#ifdef BENCH_LEVELDB
#include <leveldb/c.h>
#include <stdio.h>

#define LSM_NAME "LevelDB"
#define LSM(name) leveldb_##name
#define LSM_ENGINE engine_leveldb

struct tuning {
    leveldb_cache_t *cache;
    leveldb_filterpolicy_t *filter;
};

/* Nothing in the entries can be compressed, so that would only cost. */
static void
tune(leveldb_options_t *options, struct tuning *tuning)
{
    tuning->cache = leveldb_cache_create_lru(ENGINE_CACHE);
    tuning->filter = leveldb_filterpolicy_create_bloom(LSM_BLOOM_BITS);
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

static const char *
version(void)
{
    static char text[32];

    snprintf(text, sizeof(text), "%d.%d", leveldb_major_version(),
             leveldb_minor_version());
    return text;
}

#include "engine_lsm.h"
#endif
