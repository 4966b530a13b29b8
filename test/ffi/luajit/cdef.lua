-- cdef.lua - what libjournal's header declares, as LuaJIT reads it.
--
-- LuaJIT has a parser for C but no preprocessor, so the declarations stand here
-- once more.  Returns the library.  Sizes need no check of their own: structs
-- that may grow tell theirs, and the library refuses one that is wrong.
local ffi = require("ffi")

ffi.cdef [[
struct journal;
struct journal_cursor;

struct journal_options {
    uint32_t struct_size, flags, mode, durability;
    uint64_t first_seq, bytes_max;
    uint64_t keep_entries, keep_bytes, keep_ns;
    uint64_t tail_bytes;
};
void journal_options_init(struct journal_options *options);
int journal_open(const char *path, const struct journal_options *options,
                 struct journal **journal);
void journal_close(struct journal *journal);
int journal_destroy(const char *path);

struct journal_stamp {
    uint64_t time;
    uint8_t id[16];
};
struct journal_record {
    const void *key;
    size_t key_size;
    const void *value;
    size_t value_size;
    const void *meta;
    size_t meta_size;
    uint32_t flags, reserved;
    uint64_t expect, expect_seq;
    struct journal_stamp stamp;
};
int journal_append(struct journal *journal, const void *key, size_t key_size,
                   const void *value, size_t value_size, uint64_t *seq);
int journal_append_batch(struct journal *journal,
                         const struct journal_record *records, size_t count,
                         uint64_t *first_seq);
int journal_append_packed(struct journal *journal, const void *packed,
                          size_t size, size_t *count, uint64_t *first_seq);
int journal_delete(struct journal *journal, const void *key, size_t key_size,
                   uint64_t *seq);
int journal_sync(struct journal *journal);

struct journal_entry {
    uint64_t seq, time, prev, revision;
    uint32_t flags, reserved;
    struct journal_stamp stamp;
    const void *key;
    size_t key_size;
    const void *value;
    size_t value_size;
    const void *meta;
    size_t meta_size;
};
int journal_get(struct journal *journal, const void *key, size_t key_size,
                struct journal_entry **entry);
int journal_get_at(struct journal *journal, const void *key, size_t key_size,
                   uint64_t limit, struct journal_entry **entry);
int journal_read(struct journal *journal, uint64_t seq,
                 struct journal_entry **entry);
void journal_entry_free(struct journal_entry *entry);
int journal_find_time(struct journal *journal, uint64_t time, uint64_t *seq);

struct journal_query {
    uint32_t struct_size, flags, match, reserved;
    const void *key;
    size_t key_size;
    uint64_t first, limit, since, until, first_revision;
};
void journal_query_init(struct journal_query *query);
int journal_replay(struct journal *journal, uint64_t first,
                   struct journal_cursor **cursor);
int journal_query(struct journal *journal, const struct journal_query *query,
                  struct journal_cursor **cursor);
int journal_next(struct journal_cursor *cursor,
                 const struct journal_entry **entry);
int journal_fill(struct journal_cursor *cursor, void *buffer, size_t size,
                 size_t *used, size_t *count);
void journal_cursor_close(struct journal_cursor *cursor);
int journal_wait(struct journal *journal, uint64_t seq, int64_t timeout_ns);

int journal_prune(struct journal *journal, uint64_t before, uint32_t flags,
                  uint64_t *removed);
int journal_rewind(struct journal *journal, uint64_t size);
int journal_mark(struct journal *journal, const char *name, uint64_t seq);
int journal_marked(struct journal *journal, const char *name, uint64_t *seq);
int journal_unmark(struct journal *journal, const char *name);
int journal_next_mark(struct journal *journal, char *name, uint64_t *seq);

struct journal_stat {
    uint32_t struct_size, flags;
    uint64_t first, size, durable_size;
    uint64_t entries, keys, tombstones;
    uint64_t bytes_logical, bytes_used, bytes_file, bytes_max;
    uint64_t tail_bytes_used, tail_bytes;
    uint64_t first_time, last_time;
    uint64_t format;
    uint8_t id[16];
    uint64_t marks;
};
int journal_stat(struct journal *journal, struct journal_stat *stat);

struct journal_report {
    uint32_t struct_size, flags;
    uint64_t entries_checked, entries_bad, index_bad, links_bad, pages_bad;
    uint64_t first_bad, salvaged, tail_records, tail_bytes_discarded;
};
typedef int (*journal_progress)(void *context, uint64_t done, uint64_t total);
int journal_verify(struct journal *journal, struct journal_report *report,
                   journal_progress progress, void *context);
int journal_backup(struct journal *journal, const char *path, uint32_t flags,
                   journal_progress progress, void *context);
int journal_salvage(const char *from, const char *to,
                    struct journal_report *report, journal_progress progress,
                    void *context);

int journal_expr_check(const void *expr, size_t size);
int journal_expr_canonize(void *expr, size_t *size);
int journal_expr_matches(const void *expr, size_t expr_size, const void *key,
                         size_t key_size);
int journal_expr_intersects(const void *a, size_t a_size, const void *b,
                            size_t b_size);
int journal_expr_includes(const void *a, size_t a_size, const void *b,
                          size_t b_size);

const char *journal_strerror(int result);
const char *journal_errname(int result);
uint32_t journal_version(void);
const char *journal_version_string(void);

/* The packed form of an entry, but for its stamp and its bytes. */
struct packed_entry {
    uint32_t total, flags;
    uint64_t seq, time, prev, revision;
    uint32_t key_size, meta_size, value_size, zero;
};
]]

return ffi.load("libjournal.so.0")
