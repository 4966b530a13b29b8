/* graft_links.c - links that are kept, or made anew. */
#include <assert.h>

#include "base/checksum.h"
#include "repair/graft_part.h"
#include "base/error.h"
#include "base/stamp.h"

int
jn_graft_has(struct jn_graft *graft, uint64_t seq, bool *is)
{
    struct jn_span row;
    int rc;

    *is = false;
    if (seq < graft->state.first || seq >= graft->state.next)
        return 0;
    rc = jn_view_bytes(&graft->txn, seq, &row);
    *is = rc == 0;
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

/*
 * Of the roots from number I on, those that are not below the one before are
 * not known: numbers that nobody has take their place.
 */
static int
guess_roots(struct jn_graft *graft, struct jn_chain *chain, unsigned i,
            bool *found)
{
    int rc = 0;

    *found = true;
    for (; rc == 0 && *found && i < chain->count; i++) {
        bool known;

        if (chain->roots[i] < chain->roots[i - 1])
            break;
        rc = jn_graft_has(graft, chain->roots[i], &known);
        chain->roots[i] = jn_gaps_below(&graft->holes, chain->roots[i - 1]);
        *found = !known && chain->roots[i] != JOURNAL_NONE;
    }
    return rc;
}

static bool
is_same_stamp(bool a_has, const struct journal_stamp *a, bool b_has,
              const struct journal_stamp *b)
{
    return a_has == b_has && (!a_has || jn_stamp_compare(a, b) == 0);
}

/* Whether LINKS lead out of what there is: to PREV, and JUMP if any. */
static int
lead_out(struct jn_graft *graft, uint64_t prev, uint64_t jump, bool *out)
{
    bool prev_is = true, jump_is = false;
    int rc = 0;

    if (prev != JOURNAL_NONE)
        rc = jn_graft_has(graft, prev, &prev_is);
    if (rc == 0 && jump != JOURNAL_NONE)
        rc = jn_graft_has(graft, jump, &jump_is);
    *out = !prev_is && !jump_is;
    return rc;
}

/* The word and the bit in which something is noted of KEY in WORDS. */
static uint64_t *
word_of(uint64_t *words, struct jn_span key, uint64_t *bit)
{
    uint64_t at = jn_hash64(key, 0) % GUESSED_BITS;

    *bit = UINT64_C(1) << (at % 64);
    return &words[at / 64];
}

/*
 * CHAIN, which was not known, begins with entry SEQ and its LINKS: what comes
 * before is missing, and has left no trace but them.
 */
static int
begin_chain(struct jn_graft *graft, struct jn_chain *chain, uint64_t seq,
            const struct jn_links *links, bool *fits)
{
    int rc = lead_out(graft, links->prev, links->jump, fits);

    *fits = rc == 0 && *fits && jn_chain_begin(chain, seq, links);
    return *fits ? guess_roots(graft, chain, 2, fits) : rc;
}

/*
 * Entries are missing between the last one of CHAIN and SEQ.  If the jump leads
 * over them, it has to lead to what the chain has there, unless that was only
 * guessed.
 */
static int
skip_chain(struct jn_graft *graft, struct jn_chain *chain, uint64_t seq,
           const struct jn_links *links, bool *fits)
{
    uint64_t last = chain->roots[0];
    int rc = lead_out(graft, links->prev, JOURNAL_NONE, fits);

    *fits = rc == 0 && *fits && jn_chain_skip(chain, seq, links);
    if (!*fits || chain->count < 2)
        return rc;
    if (links->jump > last)
        rc = lead_out(graft, links->jump, JOURNAL_NONE, fits);
    else if (links->jump != chain->roots[1])
        rc = lead_out(graft, links->jump, chain->roots[1], fits);
    chain->roots[1] = links->jump;
    return rc == 0 && *fits ? guess_roots(graft, chain, 2, fits) : rc;
}

/*
 * Whether LINKS may be right about the stamp that was in force before, where
 * those that were MADE know of that or of none: one may have come with an entry
 * that is lost, or comes before all that there is.
 */
static bool
is_stamp_possible(struct jn_graft *graft, struct jn_span key,
                  const struct jn_links *made, const struct jn_links *links)
{
    bool holed = graft->state.holed && graft->state.sparse < graft->state.dense;
    uint64_t bit;

    if (is_same_stamp(made->replaced, &made->stamp_before, links->replaced,
                      &links->stamp_before))
        return true;
    if (!links->replaced)
        return false;
    if (made->replaced)
        return holed &&
               jn_stamp_compare(&links->stamp_before, &made->stamp_before) > 0;
    return holed || (*word_of(graft->begun_late, key, &bit) & bit) != 0;
}

/*
 * Whether LINKS say the same as those that were MADE, by a push that has led to
 * CHAIN, the one of KEY.  Where a root was not known, it is now.
 */
static int
check_links(struct jn_graft *graft, struct jn_chain *chain, struct jn_span key,
            const struct jn_links *made, const struct jn_links *links,
            bool *fits)
{
    int rc;

    *fits = made->revision == links->revision && made->prev == links->prev &&
            (made->jump == JOURNAL_NONE) == (links->jump == JOURNAL_NONE) &&
            is_stamp_possible(graft, key, made, links);
    if (!*fits || made->jump == links->jump)
        return 0;
    rc = lead_out(graft, made->jump, links->jump, fits);
    *fits = *fits && links->jump < links->prev;
    chain->roots[1] = links->jump;
    return rc == 0 && *fits ? guess_roots(graft, chain, 2, fits) : rc;
}

/* Pushes an entry behind the last one of CHAIN. */
static void
push_next(struct jn_chain *chain, uint64_t seq, const struct jn_record *record,
          struct jn_links *links)
{
    jn_chain_push(chain, seq, (record->flags & JOURNAL_TOMBSTONE) != 0,
                  (record->flags & JOURNAL_STAMPED) != 0 ? &record->stamp
                                                         : NULL,
                  links);
}

/* Pushes entry SEQ with its LINKS, if they fit; CHAIN is as it was if not. */
static int
push_as_is(struct jn_graft *graft, struct jn_chain *chain, uint64_t seq,
           const struct jn_record *record, const struct jn_links *links,
           bool *fits)
{
    bool tombstone = (record->flags & JOURNAL_TOMBSTONE) != 0;
    bool stamped = (record->flags & JOURNAL_STAMPED) != 0;
    struct jn_chain before = *chain;
    struct jn_links made;
    uint64_t bit;
    int rc;

    if (chain->revision == 0 && links->revision > 1) {
        rc = begin_chain(graft, chain, seq, links, fits);
        *word_of(graft->begun_late, record->key, &bit) |= bit;
    } else if (chain->revision > 0 && links->revision > chain->revision + 1) {
        rc = skip_chain(graft, chain, seq, links, fits);
    } else {
        push_next(chain, seq, record, &made);
        rc = check_links(graft, chain, record->key, &made, links, fits);
    }
    chain->tombstone = tombstone;
    if (stamped) {
        chain->stamped = true;
        chain->stamp = record->stamp;
    }
    if (rc != 0 || !*fits)
        *chain = before;
    return rc;
}

/* ---- links made anew ----------------------------------------------------- */

/*
 * The links of an entry of a key with CHAIN that is to follow on a missing one,
 * PREV, and to be of REVISION at least.
 */
static void
invent_links(const struct jn_graft *graft, const struct jn_chain *chain,
             uint64_t prev, uint64_t revision, struct jn_links *links)
{
    uint64_t at, last = chain->revision;
    unsigned root = 0;

    if (revision < last + 2)
        revision = last + 2;
    at = jn_links_jump_revision(revision);
    *links = (struct jn_links){revision, prev, prev, false, {0}};
    if (at == 0)
        links->jump = JOURNAL_NONE;
    else if (at > last && at + 1 < revision)
        links->jump = jn_gaps_below(&graft->holes, prev);
    for (; at <= last && at > 0 && last > at; root++)
        last = jn_links_jump_revision(last);
    if (at > 0 && at == last)
        links->jump = chain->roots[root];
}

/*
 * Whether an entry may be missing between the last one of CHAIN, of revision 0
 * if there is none, and SEQ: *MISSING.
 */
static bool
may_miss(struct jn_graft *graft, const struct jn_chain *chain, uint64_t seq,
         const struct jn_record *record, uint64_t revision, uint64_t *missing)
{
    uint64_t last = chain->revision > 0 ? chain->roots[0] : 0, bit;
    bool guessed = (*word_of(graft->guessed, record->key, &bit) & bit) != 0;

    *missing = jn_gaps_below(&graft->holes, seq);
    if (*missing == JOURNAL_NONE || *missing < last)
        return false;
    return guessed || revision != chain->revision + 1;
}

/*
 * Pushes an entry whose links are not known.  If one may be missing that came
 * before it, it follows on that: so nobody takes for its predecessor what was
 * not.  REVISION, if it is not 0, is its own.
 */
static int
push_anew(struct jn_graft *graft, struct jn_chain *chain, uint64_t seq,
          const struct jn_record *record, uint64_t revision,
          struct jn_links *links)
{
    bool stamped = (record->flags & JOURNAL_STAMPED) != 0, fits = false;
    uint64_t missing, bit;
    int rc = 0;

    if (may_miss(graft, chain, seq, record, revision, &missing)) {
        invent_links(graft, chain, missing, revision, links);
        links->replaced = stamped && chain->stamped;
        links->stamp_before = chain->stamp;
        rc = push_as_is(graft, chain, seq, record, links, &fits);
        if (links->revision != revision)
            *word_of(graft->guessed, record->key, &bit) |= bit;
    }
    if (rc == 0 && !fits)
        push_next(chain, seq, record, links);
    return rc;
}

/* A stamp takes the place of one that is not above it. */
static bool
is_in_order(const struct jn_record *record, const struct jn_links *links)
{
    return !links->replaced ||
           ((record->flags & JOURNAL_STAMPED) != 0 &&
            jn_stamp_compare(&links->stamp_before, &record->stamp) <= 0);
}

int
jn_graft_push(struct jn_graft *graft, struct jn_chain *chain, uint64_t seq,
              const struct jn_record *record, struct jn_links *links,
              bool *anew)
{
    bool known = !*anew && is_in_order(record, links), fits = false;
    int rc = 0;

    if (known)
        rc = push_as_is(graft, chain, seq, record, links, &fits);
    *anew = !fits;
    if (rc != 0 || fits)
        return rc;
    /* If it says that nothing is missing, the entry before was guessed. */
    if (known && chain->revision > 0 && links->prev == chain->roots[0]) {
        push_next(chain, seq, record, links);
        return 0;
    }
    return push_anew(graft, chain, seq, record, links->revision, links);
}
