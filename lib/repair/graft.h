/*
 * graft.h - entries with numbers of their own enter a store.
 *
 * What was read elsewhere, from a tail or from a damaged journal, becomes part
 * of a journal that nobody has open: rows of `entries` keep their bytes, and
 * the key's row in `latest` and the journal's own numbers follow.  Numbers may
 * be missing: those of a compaction, or lost.
 *
 * An entry's links are what a push on its key's chain makes; then they stay as
 * they are.  They stay, too, where they lead to entries that are not there:
 * revisions go on, and who asks for the past finds that a part of it is gone,
 * never an answer that was none.  Roots that are not known have numbers in
 * their place that nobody has, and none lower than the true ones: so looking
 * for them finds what looking for the true ones would, which is nothing.
 *
 * Where links do not fit, or are lost, they are made anew: the entry then
 * follows on one that is missing, if there may have been one, and else on the
 * key's last.
 */
#ifndef JN_GRAFT_H
#define JN_GRAFT_H

#include <sys/types.h>

#include "base/bytes.h"
#include "format/links.h"

struct jn_graft;

/*
 * Opens the journal in DIRECTORY, an absolute path, whose lock file, if it is
 * made, has MODE.  Its tail, if there is one, does not count.
 */
int jn_graft_open(struct jn_graft **graft, const char *directory, mode_t mode);

/* What has not been committed is lost.  LMDB's lock file stays. */
void jn_graft_close(struct jn_graft *graft);

/* The number of the next entry: those that are added are not below it. */
uint64_t jn_graft_next(const struct jn_graft *graft);

/*
 * Adds entry SEQ, with its ROW as in `entries`; it is committed with others,
 * now or later.  *ANEW (may be NULL): it has got other links.  JOURNAL_CORRUPT:
 * it is not sound, JOURNAL_OUTDATED: its key has got a later stamp before; and
 * nothing was added.
 */
int jn_graft_add(struct jn_graft *graft, uint64_t seq, struct jn_span row,
                 bool *anew);

/*
 * The same for a sound RECORD whose links are lost.  Its key had REVISION with
 * it; 0: nobody knows.
 */
int jn_graft_add_record(struct jn_graft *graft, uint64_t seq,
                        struct jn_span record, uint64_t revision);

/*
 * Before any are added: what is missing below LIMIT a compaction has taken, and
 * of each key there is one entry there at most.
 */
void jn_graft_compacted(struct jn_graft *graft, uint64_t limit);

/*
 * KEY's chain as another index has it.  If it is of the same entry of the same
 * revision, and differs only in what cannot be seen from the entries that are
 * there, it takes the place of what was made of these.
 */
int jn_graft_confirm(struct jn_graft *graft, struct jn_span key,
                     const struct jn_chain *chain);

/*
 * The same of a row of another `latest`.  JOURNAL_CORRUPT: the row is not
 * sound; nothing has changed.  *MISSING is the number of the entry that it
 * leads to if that has not been added, or JOURNAL_NONE.
 */
int jn_graft_confirm_row(struct jn_graft *graft, struct jn_span index_key,
                         struct jn_span value, uint64_t *missing);

/* Sets a mark; its position is not over jn_graft_next(). */
int jn_graft_mark(struct jn_graft *graft, const char *name, uint64_t seq);

/*
 * Commits all that was added; the next entry will have number NEXT, which may
 * be over that of the last one.  The store is the whole journal then, without a
 * tail.
 */
int jn_graft_end(struct jn_graft *graft, uint64_t next);

#endif
