/*
 * journal.h - libjournal: a durable, ordered, complete history on LMDB.
 *
 * Every change of a key becomes an entry with its own number, in one order
 * over all keys, threads and processes; nothing is overwritten.  From the same
 * store come the present (journal_get), the past (journal_get_at,
 * journal_replay, journal_query), the future (journal_wait, and queries that
 * follow) and upkeep (journal_prune, journal_rewind, marks, retention).
 *
 * Rules that hold for every call
 *
 * Numbers.  Sequence numbers are uint64_t, start at 0 (or options.first_seq),
 * rise by one without gaps, and are never used again except after
 * journal_rewind(), whose point that is, and after a loss of power those of
 * entries that were not durable (JOURNAL_RELAXED alone has such).  The *size*
 * of a journal is the number that the next entry gets.  Ranges are half open.
 * JOURNAL_NONE names no entry.
 *
 * Results.  0 is success; a negative result is one of enum journal_error; a
 * positive one is an errno.  errno itself is neither read nor promised.  A
 * mistake in the arguments is EINVAL.  Out-parameters are written only on
 * success.
 *
 * Any call on a handle may also give JOURNAL_FORKED (the handle was opened
 * before fork()), ENOMEM, EAGAIN (no free reader slot: over a thousand threads
 * read at once, or two processes of different PID namespaces share the
 * journal), ESTALE (the journal's files were replaced or removed under the
 * handle) or EIO.  These are not repeated below.
 *
 * Bytes are (pointer, size) pairs and may hold NUL.  A NULL pointer is fine
 * where the size is 0.  Nothing that the caller passes is kept after a call
 * returns, and nothing that a call returns points into the database: entries
 * are copies.  Paths and the names of marks alone are strings that end with a
 * NUL; a language whose strings may hold one has to refuse such.
 *
 * Threads.  A struct journal may be used from any number of threads.  A struct
 * journal_cursor is used by one thread at a time.  Every close or free takes
 * NULL.  The library starts no threads, catches no signals, prints nothing and
 * reads no environment variables.  A thread that is cancelled in a call
 * finishes it first.  A call takes less than 64 KiB of stack, journal_salvage()
 * less than 128 KiB.
 *
 * Fork.  In the child of a fork() every call on an inherited handle gives
 * JOURNAL_FORKED; journal_close() there frees memory and touches nothing that
 * the parent uses.  After it, the child may open handles of its own.  A program
 * that is executed inherits no descriptor of the library's.
 *
 * Descriptors.  None of the library's files is ever 0, 1 or 2: where a program
 * has closed these, they are opened to where nobody can write, and stay so.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Two structs have the names of calls, journal_query and journal_stat.  C++ has
 * to be told which is meant: `struct journal_query query;`.
 */
#if defined(__cplusplus) && defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

#if defined(__GNUC__)
#define JOURNAL_API __attribute__((visibility("default")))
#else
#define JOURNAL_API
#endif

#define JOURNAL_VERSION_MAJOR 0
#define JOURNAL_VERSION_MINOR 1
#define JOURNAL_VERSION_PATCH 0

#define JOURNAL_NONE UINT64_MAX       /* names no entry */
#define JOURNAL_KEY_MAX 65535u        /* bytes in a key */
#define JOURNAL_META_MAX 65535u       /* bytes in a meta */
#define JOURNAL_VALUE_MAX 1073741824u /* bytes in a value: 1 GiB */

/* One code for each decision that a caller can make.  Fixed for ever. */
enum journal_error {
    JOURNAL_END = -1,          /* the cursor has passed the last entry */
    JOURNAL_NOT_FOUND = -2,    /* no such key, mark or journal */
    JOURNAL_PRUNED = -3,       /* existed once; has been pruned */
    JOURNAL_OUT_OF_RANGE = -4, /* not appended yet */
    JOURNAL_CONFLICT = -5,     /* an expectation of the append did not hold */
    JOURNAL_OUTDATED = -6,     /* stamp older than the one in force */
    JOURNAL_TOO_BIG = -7,      /* key, meta, value or batch over its maximum */
    JOURNAL_FULL = -8,         /* disk full, bytes_max, or out of numbers */
    JOURNAL_READ_ONLY = -9,    /* opened with JOURNAL_OPEN_READ_ONLY */
    JOURNAL_BUSY = -10,        /* somebody else has it open */
    JOURNAL_CORRUPT = -11,     /* damage on disk */
    JOURNAL_FAILED = -12,      /* an earlier write failed: close, reopen */
    JOURNAL_UNSUPPORTED = -13, /* not a journal, or not one for this build */
    JOURNAL_TIMEOUT = -14,     /* the time given has passed */
    JOURNAL_FORKED = -15,      /* the handle was opened before fork() */
    JOURNAL_EXISTS = -16       /* a journal is there already */
};

struct journal;        /* an open journal */
struct journal_cursor; /* a replay or a query in progress */

/* ---- open, close -------------------------------------------------------- */

enum journal_open_flag {
    JOURNAL_OPEN_EXISTING = 1u << 0,  /* never create: JOURNAL_NOT_FOUND */
    JOURNAL_OPEN_NEW = 1u << 1,       /* create, or JOURNAL_EXISTS */
    JOURNAL_OPEN_READ_ONLY = 1u << 2, /* never create, never change */
    JOURNAL_OPEN_EXCLUSIVE = 1u << 3, /* no other process may write */
    JOURNAL_OPEN_IMMUTABLE = 1u << 4  /* nobody writes: take no locks */
};

enum journal_durability {
    JOURNAL_DURABLE = 0, /* an append returns once it survives loss of power */
    JOURNAL_RELAXED = 1  /* ... once it survives the death of the process */
};

struct journal_options {
    uint32_t struct_size;  /* set by journal_options_init() */
    uint32_t flags;        /* of enum journal_open_flag */
    uint32_t mode;         /* permissions of new files; 0: 0640 */
    uint32_t durability;   /* one of enum journal_durability */
    uint64_t first_seq;    /* number of the first entry of a new journal */
    uint64_t bytes_max;    /* most bytes on disk; 0: as far as the disk goes */
    uint64_t keep_entries; /* retention; 0: no limit */
    uint64_t keep_bytes;   /*   of keys, metas and values */
    uint64_t keep_ns;      /*   of age */
    uint64_t tail_bytes;   /* of the tail; 0: the default, 8 MiB */
};

/*
 * journal_options_init() - fill OPTIONS with the defaults.
 *
 * Sets struct_size, mode 0640 and JOURNAL_DURABLE, and everything else to 0.
 */
JOURNAL_API void journal_options_init(struct journal_options *options);

/*
 * journal_open() - open the journal in the directory PATH, or create it.
 *
 * Creates the directory (one level) and the journal unless OPTIONS says
 * otherwise; whatever was created is durable on return.  OPTIONS may be NULL
 * for the defaults.  Takes a time that does not depend on the journal's size;
 * after a crash, that of reading the tail and flushing what it holds.
 *
 * A journal may be opened more than once, by many processes and within one,
 * through any path that leads to it.
 *
 *   JOURNAL_OPEN_EXISTING   JOURNAL_NOT_FOUND where there is no journal.
 *   JOURNAL_OPEN_NEW        JOURNAL_EXISTS where there is one.
 *   JOURNAL_OPEN_READ_ONLY  never creates; whatever would change the journal
 *                           gives JOURNAL_READ_ONLY.  Readers take part in the
 *                           locking, so they need write permission on the lock
 *                           files: otherwise EACCES or EROFS.
 *   JOURNAL_OPEN_EXCLUSIVE  JOURNAL_BUSY at once while another process has the
 *                           journal open for writing; afterwards others who
 *                           want to write get JOURNAL_BUSY.  Readers, and
 *                           handles of the same process, go on.
 *   JOURNAL_OPEN_IMMUTABLE  with READ_ONLY: the caller promises that nobody
 *                           writes.  Takes no lock and needs no write
 *                           permission anywhere.
 *
 * MODE holds exactly, whatever the umask; the directory gets the x bits that
 * match the r bits.  FIRST_SEQ counts only for a journal that this call
 * creates.  BYTES_MAX belongs to the handle: an append through it that would
 * take the journal over it gives JOURNAL_FULL.
 *
 * Durability.  New entries are written to the file `tail`, and moved into
 * data.mdb later, piece by piece.  Through a handle that is
 *
 *   JOURNAL_DURABLE   an append returns, and its entries are seen, once they
 *                     survive loss of power;
 *   JOURNAL_RELAXED   once they survive the death of the process.  They become
 *                     durable with journal_sync(), with a durable append or a
 *                     mark through any handle of any process, when they are
 *                     moved, and when the last writer closes the journal.
 *
 * After a loss of power the journal is what it was at some earlier size, no
 * lower than the durable one, with whole batches.  An entry that was not
 * durable may be gone though it was seen, and its number is used again.
 *
 * TAIL_BYTES is the size of the tail: at least 64 KiB, at most 1 GiB; with a
 * BYTES_MAX at most a thirty-second of it, and none where that is below 2 MiB.
 * The second append of a process makes the tail if there is none, so that a
 * single one does without.  It stays; handles that others open meanwhile share
 * it, and one that gives another size makes a new one if it is the first to
 * append twice after all writers have closed the journal.  Some appends go to
 * data.mdb at once, and are durable then: the first of a process, those of more
 * than a quarter of the tail, and all while the disk has no room for one.
 *
 * Retention.  The keep_ fields belong to the handle too.  An append through it
 * also removes, before it returns, the oldest entries while there are more than
 * KEEP_ENTRIES, their keys, metas and values take more than KEEP_BYTES, or they
 * are more than KEEP_NS nanoseconds older than the newest.  Entries at or above
 * the slowest mark stay, and so does the newest; of a batch that is over a
 * limit by itself, the first may go.  Should the process die in between, that
 * is left to the next append.  What replaces them is on the disk before they
 * go, relaxed or not.
 *
 * It removes nothing until a limit is passed by more than a *step*: a sixteenth
 * of the limit, rounded down, and at most 1024 entries, 1 MiB or a second; then
 * it goes down to the limits.  So that no append waits for a big prune, a
 * commit of appends removes at most 1024 entries and two for each of them, and
 * no more after 64 MiB and twice their bytes; where there is much to remove,
 * many appends share in it.  Only when an append finds no room are
 * entries over the limits, by a step or less, removed until it does.  An append
 * that fails for another reason removes nothing; and that entries cannot be
 * removed is no reason for one to fail.
 *
 * Errors:  EINVAL: flags that contradict each other or are unknown, a
 *          struct_size of no release, FIRST_SEQ of JOURNAL_NONE.
 *          JOURNAL_UNSUPPORTED: PATH is or holds something else, a journal
 *          of a newer format, other byte order or other page size, or lies on
 *          a network file system.  JOURNAL_CORRUPT: a file is damaged or cut
 *          short; or the tail, after a crash, has lost what was durable, is
 *          gone, or is not of the time of data.mdb, as when one of the two was
 *          copied alone.  In both cases all is left as it was.  JOURNAL_BUSY
 *          also if a process that has it open has lost its locks (something in
 *          it opened and closed the lock file), or if the lock file or data.mdb
 *          was removed or replaced under it: close it there first.
 *          JOURNAL_FULL: no room to create it; nothing is left behind.  An
 *          errno, as ENOENT: of the directory around PATH; an empty PATH is
 *          EINVAL.
 */
JOURNAL_API int journal_open(const char *path,
                             const struct journal_options *options,
                             struct journal **journal);

/*
 * journal_close() - give the handle back.
 *
 * No other thread may be in a call on JOURNAL.  Cursors may outlive it; until
 * the last of them is closed, at its end or not, the journal is still open to
 * others, who get JOURNAL_BUSY from what needs it closed, as journal_destroy()
 * does.
 *
 * The last writer of all moves what is in the tail into data.mdb, which is the
 * whole journal then, and gives the disk back what it had allocated ahead; that
 * may take tens of milliseconds.  If it is killed before, or has no room for
 * it, nothing is lost: journal_open() goes on with the tail.
 */
JOURNAL_API void journal_close(struct journal *journal);

/*
 * journal_destroy() - remove the journal in PATH from the disk.
 *
 * Removes the journal's files, and the directory if that leaves it empty.
 *
 * Errors:  JOURNAL_BUSY while anybody, this process included, has it open (but
 *          for JOURNAL_OPEN_IMMUTABLE, which nobody sees);
 *          JOURNAL_NOT_FOUND where there is none; JOURNAL_UNSUPPORTED where
 *          the directory holds something else.  An errno: something is left,
 *          and another call goes on from there.
 */
JOURNAL_API int journal_destroy(const char *path);

/* ---- append ------------------------------------------------------------- */

/* A caller's timestamp: ordered by time, then by the bytes of id. */
struct journal_stamp {
    uint64_t time;
    uint8_t id[16];
};

enum journal_record_flag {
    JOURNAL_TOMBSTONE = 1u << 0, /* deletes the key; no value; needs a key */
    JOURNAL_EXPECT = 1u << 1,    /* only if the key's latest is EXPECT */
    JOURNAL_STAMPED = 1u << 2,   /* STAMP is given, and must not be older */
    JOURNAL_EXPECT_SEQ = 1u << 3 /* only if it gets number EXPECT_SEQ */
};

struct journal_record {
    const void *key; /* size 0: the entry is in no index */
    size_t key_size;
    const void *value;
    size_t value_size;
    const void *meta; /* the caller's own: encoding, headers, trace ids */
    size_t meta_size;
    uint32_t flags;             /* of enum journal_record_flag */
    uint32_t reserved;          /* 0 */
    uint64_t expect;            /* JOURNAL_NONE: the key is not known */
    uint64_t expect_seq;        /* counts with JOURNAL_EXPECT_SEQ */
    struct journal_stamp stamp; /* counts with JOURNAL_STAMPED */
};

/*
 * journal_append() - add an entry of KEY and VALUE to the end.
 *
 * Returns once the entry would survive loss of power, with JOURNAL_RELAXED the
 * death of the process, with its number in *SEQ.  SEQ may be NULL.  A KEY_SIZE
 * of 0 makes an entry without a key.
 *
 * Threads: appends of several threads share one flush; those of several
 *          processes wait for one another.
 * Errors:  JOURNAL_TOO_BIG, JOURNAL_FULL, JOURNAL_READ_ONLY, JOURNAL_FAILED,
 *          ENOMEM: nothing was appended.  After JOURNAL_FULL the handle goes
 *          on working: prune, and append again.
 *          EIO and other errnos of the disk: unknown until the journal is
 *          opened again, when the entry is either whole or absent; until
 *          everybody has closed it, whatever would change it gives
 *          JOURNAL_FAILED, and reads go on.
 */
JOURNAL_API int journal_append(struct journal *journal, const void *key,
                               size_t key_size, const void *value,
                               size_t value_size, uint64_t *seq);

/*
 * journal_append_batch() - append COUNT records, all or none.
 *
 * They get consecutive numbers, *FIRST_SEQ (may be NULL) and up, and appear to
 * readers at once.  A key becomes *known* with its first entry, and is known
 * until its latest entry has been pruned.  While it is, its revisions go on
 * and the newest stamp it was given stays in force, over tombstones too.
 *
 *   JOURNAL_TOMBSTONE   the entry deletes the key.
 *   JOURNAL_EXPECT      JOURNAL_CONFLICT unless the key's latest entry before
 *                       the batch was number EXPECT (a tombstone counts), or
 *                       with JOURNAL_NONE the key was not known.
 *   JOURNAL_EXPECT_SEQ  JOURNAL_CONFLICT unless the record gets that number.
 *   JOURNAL_STAMPED     JOURNAL_OUTDATED if STAMP is older than the one in
 *                       force (equal is fine); records of the same batch count
 *                       in turn.  A record without a stamp is not checked and
 *                       leaves the one in force.
 *
 * Errors:  as journal_append(), and EINVAL: COUNT is 0, an unknown flag, a
 *          tombstone with a value or without a key, JOURNAL_EXPECT without a
 *          key.  JOURNAL_TOO_BIG also if the batch is over a commit's maximum,
 *          some 1 GiB in all.  With any error nothing was appended.
 */
JOURNAL_API int journal_append_batch(struct journal *journal,
                                     const struct journal_record *records,
                                     size_t count, uint64_t *first_seq);

/*
 * journal_append_packed() - append entries in the packed form.
 *
 * PACKED is SIZE bytes as journal_fill() writes them, at any address; the
 * entries are appended as by journal_append_batch(), all or none.  Their seq,
 * time, prev and revision are ignored: they get new ones.  *COUNT is the
 * number of entries, *FIRST_SEQ the number of the first; both may be NULL.
 *
 * Errors:  as journal_append_batch().  EINVAL also for whatever is not in the
 *          packed form: a size that does not fit, an unknown flag, padding or
 *          the reserved field not zero.
 */
JOURNAL_API int journal_append_packed(struct journal *journal,
                                      const void *packed, size_t size,
                                      size_t *count, uint64_t *first_seq);

/*
 * journal_delete() - append a tombstone for KEY, whether it exists or not.
 *
 * Threads, errors: as journal_append().  An empty key is EINVAL.
 */
JOURNAL_API int journal_delete(struct journal *journal, const void *key,
                               size_t key_size, uint64_t *seq);

/*
 * journal_sync() - make everything appended so far durable.
 *
 * By any handle and any process.  Flushes the tail, or nothing where all is
 * durable already.  Whoever calls this has time, so it also moves what is in
 * the tail into data.mdb, down to a quarter of its size; that more is left is
 * no error.
 *
 * Errors:  JOURNAL_READ_ONLY, JOURNAL_FAILED.  EIO and other errnos of the
 *          disk, as for an append: what had not been durable is whole or absent
 *          when the journal is opened again.
 */
JOURNAL_API int journal_sync(struct journal *journal);

/* ---- read --------------------------------------------------------------- */

struct journal_entry {
    uint64_t seq;
    uint64_t time;     /* of the append: ns since 1970 UTC; never falls along
                          the journal, even if the clock does */
    uint64_t prev;     /* the key's entry before this one, or JOURNAL_NONE;
                          it may have been pruned since */
    uint64_t revision; /* 1 for the key's first entry, then 2, ...; 0: no key */
    uint32_t flags;    /* JOURNAL_TOMBSTONE, JOURNAL_STAMPED */
    uint32_t reserved;
    struct journal_stamp stamp;
    const void *key; /* the data pointers are never NULL */
    size_t key_size;
    const void *value;
    size_t value_size;
    const void *meta;
    size_t meta_size;
};

/*
 * journal_get() - the latest entry of KEY.
 *
 * *ENTRY is the caller's, to be given to journal_entry_free().
 *
 * Errors:  JOURNAL_NOT_FOUND: the key is not known, or deleted.  EINVAL: empty
 *          key.  JOURNAL_TOO_BIG: key over its maximum.  JOURNAL_CORRUPT: the
 *          entry is damaged; others stay readable.
 */
JOURNAL_API int journal_get(struct journal *journal, const void *key,
                            size_t key_size, struct journal_entry **entry);

/*
 * journal_get_at() - what journal_get() gave when the journal had size LIMIT.
 *
 * That is the key's newest entry below LIMIT, or JOURNAL_NOT_FOUND where that
 * is a tombstone.  Takes O(log revisions) steps.
 *
 * Errors:  as journal_get(); JOURNAL_OUT_OF_RANGE: LIMIT is over the size;
 *          JOURNAL_PRUNED: the key is known, nothing of it below LIMIT is
 *          retained, but there was something.
 */
JOURNAL_API int journal_get_at(struct journal *journal, const void *key,
                               size_t key_size, uint64_t limit,
                               struct journal_entry **entry);

/*
 * journal_read() - the entry numbered SEQ.
 *
 * *ENTRY is the caller's, to be given to journal_entry_free().
 *
 * Errors:  JOURNAL_PRUNED, JOURNAL_OUT_OF_RANGE, JOURNAL_CORRUPT.
 */
JOURNAL_API int journal_read(struct journal *journal, uint64_t seq,
                             struct journal_entry **entry);

JOURNAL_API void journal_entry_free(struct journal_entry *entry);

/*
 * journal_find_time() - the first entry appended at or after TIME.
 *
 * *SEQ is the number of the oldest retained entry whose time, ns since 1970
 * UTC, is TIME or later; the size where there is none.  Takes O(log entries)
 * steps.
 *
 * Errors:  JOURNAL_CORRUPT: it may be an entry that is damaged.
 */
JOURNAL_API int journal_find_time(struct journal *journal, uint64_t time,
                                  uint64_t *seq);

/* ---- replay, query, follow ---------------------------------------------- */

enum journal_match {
    JOURNAL_MATCH_ALL = 0,    /* every entry, those without a key too */
    JOURNAL_MATCH_KEY = 1,    /* the entries of one key */
    JOURNAL_MATCH_PREFIX = 2, /* keys that begin with these bytes */
    JOURNAL_MATCH_EXPR = 3    /* keys that match a key expression */
};

enum journal_query_flag {
    JOURNAL_QUERY_REVERSE = 1u << 0, /* newest first */
    JOURNAL_QUERY_LATEST = 1u << 1,  /* of each key its latest entry only */
    JOURNAL_QUERY_LIVE = 1u << 2,    /* leave out tombstones */
    JOURNAL_QUERY_FOLLOW = 1u << 3   /* go on with what is appended later */
};

struct journal_query {
    uint32_t struct_size; /* set by journal_query_init() */
    uint32_t flags;       /* of enum journal_query_flag */
    uint32_t match;       /* one of enum journal_match */
    uint32_t reserved;    /* 0 */
    const void *key;      /* a key, a prefix or a key expression */
    size_t key_size;
    uint64_t first;          /* JOURNAL_NONE: from the oldest there is */
    uint64_t limit;          /* JOURNAL_NONE: to the present end */
    uint64_t since;          /* append times in [since, until), */
    uint64_t until;          /*   ns since 1970 UTC */
    uint64_t first_revision; /* with MATCH_KEY: from this revision on */
};

/*
 * journal_query_init() - fill QUERY with the defaults.
 *
 * Sets struct_size, JOURNAL_MATCH_ALL, FIRST and LIMIT JOURNAL_NONE, UNTIL
 * UINT64_MAX, and everything else to 0: every entry from the oldest to the
 * present end.
 */
JOURNAL_API void journal_query_init(struct journal_query *query);

/*
 * journal_replay() - a cursor over the entries from FIRST to the present end.
 *
 * FIRST may be JOURNAL_NONE: the oldest entry there is.  FIRST equal to the
 * size is an empty replay.  A cursor holds nothing of the database between
 * calls, so it may live as long as it likes; its memory is bounded.
 *
 * Errors:  JOURNAL_OUT_OF_RANGE: FIRST is over the size.  JOURNAL_PRUNED:
 *          below the oldest retained number.
 */
JOURNAL_API int journal_replay(struct journal *journal, uint64_t first,
                               struct journal_cursor **cursor);

/*
 * journal_query() - a cursor over the entries that match QUERY.
 *
 * They come in the order of their numbers, whatever is asked for.
 *
 *   MATCH, KEY      which keys.  JOURNAL_MATCH_PREFIX with an empty prefix is
 *                   every entry that has a key.  An expression has to be
 *                   canonical, see journal_expr_canonize().
 *   FIRST, LIMIT    numbers in [FIRST, LIMIT).
 *   SINCE, UNTIL    append times in [SINCE, UNTIL).
 *   FIRST_REVISION  entries of the key from that revision on.
 *   REVERSE         newest first.
 *   LATEST          of each key its newest entry below LIMIT only; then FIRST,
 *                   SINCE, UNTIL and LIVE choose among these.  Entries without
 *                   a key are left out.
 *   LIVE            tombstones are left out, with LATEST: deleted keys.
 *   FOLLOW          after JOURNAL_END later calls of journal_next() give what
 *                   has been appended since, up to LIMIT if one is given, which
 *                   may then be over the size.  journal_wait() waits for it.
 *                   If the journal is rewound below the cursor, it goes on
 *                   with what is appended from there, though that be below
 *                   FIRST: so a mark that it began at is moved back, too.
 *
 * The cost follows the answer: the history of a key is reached by links, those
 * of few keys are merged, many are found by scanning the range.
 *
 * Errors:  JOURNAL_OUT_OF_RANGE: FIRST, or without FOLLOW LIMIT, is over the
 *          size.  JOURNAL_PRUNED: FIRST is below the oldest retained number.
 *          JOURNAL_TOO_BIG: a key over its maximum.  EINVAL: unknown flags or
 *          match; an empty key; an expression that is not canonical; FOLLOW
 *          with REVERSE or LATEST; a FIRST_REVISION without JOURNAL_MATCH_KEY;
 *          a struct_size of no release.
 */
JOURNAL_API int journal_query(struct journal *journal,
                              const struct journal_query *query,
                              struct journal_cursor **cursor);

/*
 * journal_next() - the cursor's next entry, or JOURNAL_END.
 *
 * *ENTRY belongs to the cursor and is valid until the next call on it.
 *
 * If entries ahead of the cursor have been pruned since it was made, matching
 * or not, it says JOURNAL_PRUNED once and goes on with those there are; after a
 * compaction it may say so although what went lies beyond its range.  If they
 * have been rewound, it ends early; with REVERSE and LATEST a key whose entry
 * it has given, and that has been rewound since, may come again with an older
 * one.  What it has read ahead (at most 4 MiB) it may hand out all the same.
 * JOURNAL_CORRUPT stands for one damaged entry, or for a stretch of numbers
 * that cannot be told apart, where a compaction has left few; the next call
 * goes on behind it.
 */
JOURNAL_API int journal_next(struct journal_cursor *cursor,
                             const struct journal_entry **entry);

/*
 * journal_fill() - as many of the cursor's next entries as fit into BUFFER.
 *
 * Writes whole entries to the SIZE bytes of BUFFER, in the packed form; *USED
 * is the number of bytes, *COUNT that of entries; both may be NULL.  Made for
 * languages in which a call costs more than an entry.  journal_next() and
 * journal_fill() may be mixed.
 *
 * The packed form of an entry is, little endian, at any address:
 *
 *     u32 total           bytes, of all that follows and this; a multiple of 8
 *     u32 flags           JOURNAL_TOMBSTONE, JOURNAL_STAMPED
 *     u64 seq, time, prev, revision
 *     u32 key_size, meta_size, value_size, 0
 *     u64 time, u8 id[16] the stamp, if JOURNAL_STAMPED
 *     key, meta, value    then zeros up to TOTAL
 *
 * Errors:  as journal_next(), once what came before has been handed out.
 *          JOURNAL_END: there is no entry left.  JOURNAL_TOO_BIG: the next
 *          entry alone does not fit; *USED is then what it needs.
 */
JOURNAL_API int journal_fill(struct journal_cursor *cursor, void *buffer,
                             size_t size, size_t *used, size_t *count);

JOURNAL_API void journal_cursor_close(struct journal_cursor *cursor);

/*
 * journal_wait() - wait until the entry numbered SEQ has been appended.
 *
 * Returns 0 as soon as the size is over SEQ, by an append of any thread or
 * process; also if that entry has been pruned since.  TIMEOUT_NS nanoseconds
 * later it gives JOURNAL_TIMEOUT; 0 asks without waiting, and less than 0 waits
 * for ever.  Sleeps in the kernel meanwhile.  Signals do not end it: whoever
 * has to act on them, as an interpreter has, waits for a moment at a time.
 *
 * Who follows a query that leaves entries out waits for the size, of a
 * journal_stat() before the cursor was read to its end: the number behind the
 * last match may have been appended long since, to another key.
 *
 * If a process is killed in the instant between its commit and the waking, the
 * waiters find out by themselves within a quarter of a second.  Where the
 * platform has no futex that processes can share, waiting is a look every
 * millisecond.
 *
 * To follow, ask for the size before the cursor says that there is no more;
 * then nothing that is appended meanwhile is missed, and wait for that number:
 *
 *     do {
 *         rc = journal_stat(journal, &stat);
 *         while (rc == 0 && (rc = journal_next(cursor, &entry)) == 0)
 *             handle(entry);
 *         if (rc == JOURNAL_END)
 *             rc = journal_wait(journal, stat.size, timeout_ns);
 *     } while (rc == 0);
 *
 * No other call ends a wait, and journal_close() may not be called meanwhile.
 * Who wants to be able to stop, or expects rewinds (after which SEQ may be long
 * in coming), waits a fraction of a second at a time.
 *
 * Errors:  JOURNAL_TIMEOUT.  JOURNAL_UNSUPPORTED: the entry is not there, and
 *          JOURNAL_OPEN_IMMUTABLE says that nobody will append it.
 */
JOURNAL_API int journal_wait(struct journal *journal, uint64_t seq,
                             int64_t timeout_ns);

/* ---- maintain ----------------------------------------------------------- */

enum journal_prune_flag {
    JOURNAL_PRUNE_KEEP_LATEST = 1u << 0, /* compaction: see below */
    JOURNAL_PRUNE_PAST_MARKS = 1u << 1   /* do not stop at the slowest mark */
};

/*
 * journal_prune() - remove the entries below number BEFORE.
 *
 * BEFORE over the size counts as the size, and unless told otherwise BEFORE
 * over the slowest mark counts as that.  *REMOVED (may be NULL) is the number
 * of entries removed.  A key whose latest entry goes is no longer known.  The
 * size stays.  The space is used again by later appends; pruning works on a
 * full disk too.
 *
 *   JOURNAL_PRUNE_KEEP_LATEST  an entry that is its key's latest stays, unless
 *                              it is a tombstone; what is left of a key's
 *                              history ends there.  The oldest retained number
 *                              is that of the oldest entry left.
 *   JOURNAL_PRUNE_PAST_MARKS   marks are not looked at.
 *
 * Threads: works in small atomic steps; appends get in between.  After a
 *          crash or an error a whole number of steps has been done, each a
 *          shorter prune of the same kind.
 * Errors:  EINVAL: unknown flags.
 */
JOURNAL_API int journal_prune(struct journal *journal, uint64_t before,
                              uint32_t flags, uint64_t *removed);

/*
 * journal_rewind() - keep the entries below number SIZE, drop the others.
 *
 * The next append gets number SIZE; keys are as they were at that size, stamps
 * in force included; marks above SIZE are moved back to it.  Durable on return.
 * Works in steps: a crash or an error leaves a whole journal of some size
 * between the two.
 *
 * Errors:  EINVAL: SIZE is over the size.  JOURNAL_PRUNED: below the oldest
 *          retained number (equal to it leaves an empty journal there).
 */
JOURNAL_API int journal_rewind(struct journal *journal, uint64_t size);

/*
 * Marks.  A mark is a position with a name, kept in the journal: everything
 * below it has been handled by whoever the name stands for.  journal_prune()
 * and retention stop at the slowest.  Names are 1 to 255 bytes of UTF-8.
 */
#define JOURNAL_MARK_SIZE 256u /* bytes of a name, with its NUL */

/*
 * journal_mark() - set the mark NAME to SEQ; makes it if it is new.
 *
 * Durable on return, with all that was appended before it, through a handle
 * that is JOURNAL_RELAXED too.  A mark may go back, also below what is
 * retained.
 *
 * Errors:  EINVAL: not a name.  JOURNAL_OUT_OF_RANGE: SEQ is over the size.
 *          JOURNAL_FULL: no room for a new mark; one that is there still moves.
 *          Else as journal_append().
 */
JOURNAL_API int journal_mark(struct journal *journal, const char *name,
                             uint64_t seq);

/* Where the mark NAME stands; JOURNAL_NOT_FOUND if there is none. */
JOURNAL_API int journal_marked(struct journal *journal, const char *name,
                               uint64_t *seq);

/* Removes the mark NAME; JOURNAL_NOT_FOUND if there is none. */
JOURNAL_API int journal_unmark(struct journal *journal, const char *name);

/*
 * journal_next_mark() - the mark behind NAME, in the order of names.
 *
 * NAME is a buffer of JOURNAL_MARK_SIZE bytes.  On entry it holds a name, of a
 * mark or not, or "" to begin with; on return the name of the first mark that
 * sorts (by its bytes) behind it, and *SEQ, which may be NULL, where that
 * stands.  JOURNAL_END if there is no further one; NAME is then as it was.
 *
 *     char name[JOURNAL_MARK_SIZE] = "";
 *     while ((rc = journal_next_mark(journal, name, &seq)) == 0)
 *         printf("%s %" PRIu64 "\n", name, seq);
 */
JOURNAL_API int journal_next_mark(struct journal *journal, char *name,
                                  uint64_t *seq);

struct journal_stat {
    uint32_t struct_size; /* set by the caller: sizeof(struct journal_stat) */
    uint32_t flags;
    uint64_t first;           /* entries in [first, size) are retained */
    uint64_t size;            /* the next append gets this number */
    uint64_t durable_size;    /* entries below survive loss of power */
    uint64_t entries;         /* retained */
    uint64_t keys;            /* known keys that are not deleted */
    uint64_t tombstones;      /* known keys that are */
    uint64_t bytes_logical;   /* of keys, metas and values retained */
    uint64_t bytes_used;      /* of pages and of the tail in use */
    uint64_t bytes_file;      /* of the files, with what is free in them */
    uint64_t bytes_max;       /* of journal_open(), at most INT64_MAX */
    uint64_t tail_bytes_used; /* of the tail, not in data.mdb yet */
    uint64_t tail_bytes;      /* size of the tail; 0: there was none yet */
    uint64_t first_time;      /* of the oldest entry that can be read; or 0 */
    uint64_t last_time;       /* of the newest entry ever appended, or 0 */
    uint64_t format;          /* version of the format on disk: 3; or, of an
                                 older journal, 2, or 1 if it had no tail */
    uint8_t id[16];           /* random, made with the journal */
    uint64_t marks;           /* how many there are */
};

/*
 * journal_stat() - the journal's figures, all of one moment.
 *
 * Set stat->struct_size to sizeof(struct journal_stat) first: EINVAL if it is
 * smaller than in the first release, or larger with non-zero bytes behind what
 * this release knows.
 */
JOURNAL_API int journal_stat(struct journal *journal,
                             struct journal_stat *stat);

/* ---- damage ------------------------------------------------------------- */

enum journal_report_flag {
    /*
     * By journal_salvage(): what tells which entries there were was lost: what
     * the journal said of its own bounds, the tail that had the newest, or a
     * part of a compacted one.  Entries may be missing without being counted,
     * or be back that had been pruned or rewound.
     */
    JOURNAL_REPORT_UNSURE = 1u << 0
};

struct journal_report {
    uint32_t struct_size; /* set by the caller: sizeof(struct journal_report) */
    uint32_t flags;       /* enum journal_report_flag */
    uint64_t entries_checked; /* as many were looked at */
    uint64_t entries_bad;     /* damaged, missing, or not of their time */
    uint64_t index_bad;    /* rows of keys, figures, marks: wrong or missing */
    uint64_t links_bad;    /* entries that are sound but for what links them
                                 to older ones of their key */
    uint64_t pages_bad;    /* of the files, with whatever was on them */
    uint64_t first_bad;    /* lowest number of an entry that is damaged,
                                 missing or wrongly linked, or JOURNAL_NONE */
    uint64_t salvaged;     /* by journal_salvage(): entries carried over */
    uint64_t tail_records; /* at the last open: entries in the tail, */
    uint64_t tail_bytes_discarded; /* and bytes behind them, of appends that
                                      a crash had cut off */
};

/*
 * How far a long call has come: DONE of TOTAL, which may grow meanwhile.  Is
 * called now and then, on the thread of that call.  Non-zero stops the call,
 * with ECANCELED.  It has to return: an exception or a longjmp() out of it
 * would leave behind what the call holds.  If it forks, the child may not.
 */
typedef int (*journal_progress)(void *context, uint64_t done, uint64_t total);

/*
 * journal_verify() - look at everything, and say what is damaged.
 *
 * Reads the whole journal as it is at the moment of the call: the structure of
 * the file's pages, first and without trust, so that damage is reported and
 * crashes nothing; checksums; numbers without gaps (below a compaction:
 * ascending) and times; links, and the index of keys, in both directions;
 * figures and marks; what is in the tail, as it is in the file.  Changes
 * nothing.
 *
 * 0: all is well.  JOURNAL_CORRUPT: there is damage.  Both fill in *REPORT,
 * which may be NULL, and whose struct_size is set first (as for
 * journal_stat()).  After any other result *REPORT is as it was, and nothing is
 * known.
 *
 * PROGRESS may be NULL.  It may call JOURNAL, but not close it.  What it is
 * told may begin anew, where the file has to be opened again meanwhile.
 *
 * Works through any handle.  Memory is bounded, but for a bit or two for each
 * page and entry.
 *
 * Threads: waits for nobody, and nobody for it.  As long as it takes, pages
 *          that others free are not used again, so the file grows by what they
 *          write.
 * Errors:  EINVAL.  ECANCELED.  EAGAIN: the file changed hands each time it was
 *          tried, or others write too fast.  An errno where the files cannot be
 *          read.
 */
JOURNAL_API int journal_verify(struct journal *journal,
                               struct journal_report *report,
                               journal_progress progress, void *context);

/*
 * journal_backup() - make a journal at PATH of all that is readable now.
 *
 * There must be nothing at PATH, or an empty directory; the directory around it
 * is there.  FLAGS is 0.  The backup has every entry that was readable when the
 * call began, and may have some that were appended since; numbers, times, links
 * and marks are the same, and so is the journal's id.  It takes as little room
 * as it can, and has the permissions of JOURNAL's data file.
 *
 * PATH is there when all of it is on the disk, and not before: it is made
 * beside it, in PATH.partial, or within the directory that is there.  An error
 * leaves nothing behind; what a crash leaves is no journal, and another backup
 * to the same PATH takes its place.
 *
 * All that is read is checked first, as by journal_verify() but for the links
 * between entries: a damaged journal gives JOURNAL_CORRUPT, and no backup.
 *
 * PROGRESS may be NULL.  It may call JOURNAL, but not close it.  What it is
 * told may begin anew, where the file has to be opened again meanwhile.
 *
 * Threads: waits for nobody, and nobody for it; works through a handle that is
 *          JOURNAL_OPEN_READ_ONLY too.  As long as it lasts space that others
 *          free is not used again.
 * Errors:  JOURNAL_EXISTS: there is something at PATH, or at PATH.partial.
 *          EINVAL: PATH is within the journal's directory.  JOURNAL_BUSY:
 *          another backup to PATH is at work.  JOURNAL_FULL: no room for it.
 *          JOURNAL_CORRUPT, ECANCELED as above.  EAGAIN: the file changed hands
 *          each time it was tried.  An errno, as ENOENT: of the directory
 *          around PATH.
 */
JOURNAL_API int journal_backup(struct journal *journal, const char *path,
                               uint32_t flags, journal_progress progress,
                               void *context);

/*
 * journal_salvage() - make a new journal of what can be read of a damaged one.
 *
 * FROM is the directory of a journal, or of what is left of one: any file may
 * be damaged, cut short or missing.  It is read only, and not changed.  TO is a
 * path where there is nothing, or an empty directory; it has all of the new
 * journal on return, and is there whole or not at all.  It has an id of its
 * own.
 *
 * Entries keep their numbers, times, stamps, revisions and bytes.  Every entry
 * is carried over that is sound, whether the tree leads to it or it lies on
 * some page or in the tail; where there is more than one of a number, the one
 * that fits those around it.  Marks are carried over.  The numbers of entries
 * that are known to be lost are not used again; reading them gives
 * JOURNAL_PRUNED, and so does journal_get_at() where an entry that is lost may
 * have been the answer.  A key's latest entry is the newest that was found.  In
 * a journal with such holes a rewind that would lead back to a lost entry gives
 * JOURNAL_PRUNED and changes nothing.
 *
 * *REPORT, which may be NULL and whose struct_size is set first, tells on
 * success what was carried over and what is lost: salvaged, entries_bad (lost),
 * first_bad, links_bad (sound, but with links made anew), index_bad, pages_bad,
 * tail_records (of those salvaged, only in the tail), and flags.  PROGRESS may
 * be NULL.
 *
 * Memory: by what is missing and found elsewhere, and a bit for each page.
 * Threads: nobody may have FROM open to write.
 * Errors:  EINVAL: TO is within FROM, or another argument is wrong.
 *          JOURNAL_NOT_FOUND: there is no journal in FROM.  JOURNAL_CORRUPT:
 *          there is, but nothing in it can be read.  JOURNAL_BUSY: somebody has
 *          FROM open to write, or is at work on TO.  JOURNAL_EXISTS: there is
 *          something at TO.  JOURNAL_FULL.  ECANCELED.  An errno.  TO is as it
 *          was then.
 */
JOURNAL_API int journal_salvage(const char *from, const char *to,
                                struct journal_report *report,
                                journal_progress progress, void *context);

/* ---- key expressions ---------------------------------------------------- */

/*
 * Key expressions are those of Zenoh: chunks with a slash between, of which
 * none is empty.  `*` stands for one chunk, `**` for any number of chunks, and
 * `$*` within a chunk for any bytes.  A chunk that begins with `@` is verbatim:
 * no wildcard matches it.  `#` and `?` have no place in an expression.
 *
 * The calls take any bytes, allocate nothing, and take time of at most the
 * product of the two sizes.
 */

/* 0 if EXPR is a canonical key expression, else EINVAL. */
JOURNAL_API int journal_expr_check(const void *expr, size_t size);

/*
 * Makes the *SIZE bytes of EXPR, an expression, canonical, in place; *SIZE
 * does not grow.  EINVAL, if it is no expression, leaves both as they were.
 */
JOURNAL_API int journal_expr_canonize(void *expr, size_t *size);

/*
 * 1 if EXPR matches KEY, else 0; also 0 if EXPR is not canonical, or KEY has
 * wildcards or empty chunks.
 */
JOURNAL_API int journal_expr_matches(const void *expr, size_t expr_size,
                                     const void *key, size_t key_size);

/* 1 if some key matches both; 0 if none does, or one is not canonical. */
JOURNAL_API int journal_expr_intersects(const void *a, size_t a_size,
                                        const void *b, size_t b_size);

/* 1 if each key that matches B matches A too; else 0, as above. */
JOURNAL_API int journal_expr_includes(const void *a, size_t a_size,
                                      const void *b, size_t b_size);

/* ---- words -------------------------------------------------------------- */

/*
 * One line for a result; for a positive one the errno's text.  Never NULL; this
 * and the next are constants, to be kept and not to be freed.
 */
JOURNAL_API const char *journal_strerror(int result);

/* "JOURNAL_PRUNED"; "OK"; an errno's name; or "UNKNOWN".  Never NULL. */
JOURNAL_API const char *journal_errname(int result);

/* The version loaded: major << 16 | minor << 8 | patch. */
JOURNAL_API uint32_t journal_version(void);

/* The same in words, with the versions of LMDB and xxHash that are loaded. */
JOURNAL_API const char *journal_version_string(void);

#if defined(__cplusplus) && defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#ifdef __cplusplus
}
#endif

#endif
