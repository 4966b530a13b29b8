/* engine_rocksdb.c - the same on RocksDB, where it is installed. */
#include "engine.h"

#ifdef BENCH_ROCKSDB
#include <rocksdb/c.h>

#define LSM_NAME "RocksDB"
#define LSM(name) rocksdb_##name
#define LSM_ENGINE engine_rocksdb

struct tuning {
    rocksdb_cache_t *cache;
};

/* Nothing in the entries can be compressed, so that would only cost. */
static void
tune(rocksdb_options_t *options, struct tuning *tuning)
{
    rocksdb_block_based_table_options_t
        *tables = rocksdb_block_based_options_create();

    tuning->cache = rocksdb_cache_create_lru(ENGINE_CACHE);
    rocksdb_block_based_options_set_block_cache(tables, tuning->cache);
    /* The filter is the options' from here on. */
    rocksdb_block_based_options_set_filter_policy(
        tables, rocksdb_filterpolicy_create_bloom_full(LSM_BLOOM_BITS));
    rocksdb_options_set_block_based_table_factory(options, tables);
    rocksdb_options_set_compression(options, rocksdb_no_compression);
    rocksdb_block_based_options_destroy(tables);
}

static void
untune(struct tuning *tuning)
{
    rocksdb_cache_destroy(tuning->cache);
}

/* The library does not say; BENCH_ROCKSDB is what its header does. */
#define TEXT_OF(token) #token
#define VERSION_OF(token) TEXT_OF(token)

static const char *
version(void)
{
    return VERSION_OF(BENCH_ROCKSDB);
}

#include "engine_lsm.h"
#endif
