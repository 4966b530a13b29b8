/*
 * links.h - how the entries of one key hang together: jump pointers.
 *
 * Each entry of a key leads to the key's entry before it (prev) and to one
 * farther back (jump), by the skew-binary scheme of E. W. Myers, "An
 * applicative random-access stack", Information Processing Letters 17 (1983).
 * The entries 1..r of a key form complete binary trees, whose sizes are the
 * skew-binary digits of r; the *roots* are those of the trees, newest first.
 * A new entry either starts a tree of one, or takes the two newest trees, when
 * they are of one size, for its children.  Its jump leads past its own tree,
 * to the next root.  So an append takes constant work, and the newest entry
 * below any number is found in O(log r) steps.
 *
 * A key's *chain*, kept in the index, is all that an append needs to know of
 * the key: revision, roots and the stamp in force.  An entry's *links* are
 * stored with it.  Both carry a checksum of their own, the low half of an
 * XXH3-64, since a wrong link would be a wrong answer.
 *
 *     links   revision * 2 + replaced   varint; a single 0 without a key
 *             seq - prev, seq - jump    varints; 0: there is none
 *             stamp replaced            24 bytes, if replaced is 1: what was in
 *                                       force before this entry's own stamp
 *             check                     4 bytes, seeded with seq
 *
 *     chain   check                     4 bytes, seeded by the index key
 *             revision * 4 + tombstone * 2 + stamped    varint
 *             newest root               varint: the latest entry
 *             distance to next root     varint, for each further root
 *             stamp in force            24 bytes, if stamped is 1
 */
#ifndef JN_LINKS_H
#define JN_LINKS_H

#include <journal.h>

#include "base/bytes.h"
#include "base/stamp.h"

#define JN_ROOTS_MAX 65u
#define JN_LINKS_MAX (3u * JN_VARINT_MAX + JN_STAMP_SIZE + 4u)
#define JN_CHAIN_MAX (4u + (1u + JN_ROOTS_MAX) * JN_VARINT_MAX + JN_STAMP_SIZE)

struct jn_links {
    uint64_t revision; /* 0: the entry has no key, and no links */
    uint64_t prev;     /* JOURNAL_NONE: there is none */
    uint64_t jump;
    bool replaced; /* this entry's stamp took the place of another */
    struct journal_stamp stamp_before;
};

struct jn_chain {
    uint64_t revision; /* of the latest entry; 0: the key is not known */
    uint64_t roots[JN_ROOTS_MAX];
    unsigned count;
    bool tombstone; /* the latest entry is one */
    bool stamped;
    struct journal_stamp stamp; /* in force */
};

/*
 * Appends entry SEQ, a TOMBSTONE or not, with STAMP or NULL, to CHAIN, and
 * tells its LINKS.  SEQ is above every number in the chain.
 */
void jn_chain_push(struct jn_chain *chain, uint64_t seq, bool tombstone,
                   const struct journal_stamp *stamp, struct jn_links *links);

/*
 * A chain whose newest entry is SEQ, with LINKS, as far as these tell: roots
 * that are not known are JOURNAL_NONE, and there is no stamp.  False if no
 * chain has such links.
 */
bool jn_chain_begin(struct jn_chain *chain, uint64_t seq,
                    const struct jn_links *links);

/*
 * The same for a chain that goes on with SEQ where others are missing: what it
 * knows stays, its stamp and the roots that are not among the missing, be the
 * jump another than one of these.  False if no chain that had the entries of
 * this one can go on with such LINKS; it is as it was then.
 */
bool jn_chain_skip(struct jn_chain *chain, uint64_t seq,
                   const struct jn_links *links);

/* An entry of a chain, as far as taking it off matters. */
struct jn_chain_end {
    struct jn_links links;
    bool tombstone;
    bool stamped;
};

/*
 * Takes the LATEST entry off again; PREV is the entry before it.  Not for a
 * chain's only entry.  JOURNAL_CORRUPT if the three don't belong together.
 */
int jn_chain_pop(struct jn_chain *chain, const struct jn_chain_end *latest,
                 const struct jn_chain_end *prev);

/* The last root that is not below BOUND; the newest must not be. */
uint64_t jn_chain_seek(const struct jn_chain *chain, uint64_t bound);

/* Where to go on from an entry at or above BOUND, to find the last such. */
uint64_t jn_links_toward(const struct jn_links *links, uint64_t bound);

/* Size of the tree whose root is entry REVISION of a chain. */
uint64_t jn_links_tree_size(uint64_t revision);

/* Revision to which the jump of entry REVISION leads; 0: nowhere. */
uint64_t jn_links_jump_revision(uint64_t revision);

/*
 * How many entries' jumps lead to entry REVISION, once the chain has gone on
 * far enough: the I-th of them is entry REVISION + 2^I - 1, I from 1 on.
 */
unsigned jn_links_followers(uint64_t revision);

/* The same, and jn_links_jump_revision(), for half the work. */
unsigned jn_links_around(uint64_t revision, uint64_t *jump_revision);

/* Write at most JN_LINKS_MAX or JN_CHAIN_MAX bytes; return where they end. */
uint8_t *jn_links_encode(uint8_t *out, const struct jn_links *links,
                         uint64_t seq);
uint8_t *jn_chain_encode(uint8_t *out, const struct jn_chain *chain,
                         uint64_t seed);

/* Take links off the front of IN, or all of IN for a chain. */
int jn_links_decode(struct jn_links *links, struct jn_span *in, uint64_t seq);
int jn_chain_decode(struct jn_chain *chain, struct jn_span in, uint64_t seed);

#endif
