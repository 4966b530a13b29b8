/* links.c - how the entries of one key hang together: jump pointers. */
#include "format/links.h"

#include <assert.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/stamp.h"

#define CHECK_SIZE 4u

/* More entries than this no key will ever have. */
#define REVISION_MAX (UINT64_MAX / 8)

/* The largest 2^k - 1 that is not over COUNT, which is not 0. */
static uint64_t
largest_tree(uint64_t count)
{
    if (count == UINT64_MAX)
        return count;
    return (UINT64_C(1) << (63 - __builtin_clzll(count + 1))) - 1;
}

/* The trees of a chain of REVISION entries. */
struct trees {
    unsigned count;
    uint64_t newest; /* size of the tree that the latest entry is the root of */
    bool pair;       /* the next tree is as large */
};

static struct trees
trees_of(uint64_t revision)
{
    struct trees trees = {0, 0, false};

    for (uint64_t left = revision; left > 0; left -= trees.newest) {
        uint64_t size = largest_tree(left);

        trees.pair = size == trees.newest;
        trees.newest = size;
        trees.count++;
    }
    assert(trees.count <= JN_ROOTS_MAX);
    return trees;
}

uint64_t
jn_links_tree_size(uint64_t revision)
{
    return trees_of(revision).newest;
}

uint64_t
jn_links_jump_revision(uint64_t revision)
{
    return revision - trees_of(revision).newest;
}

/*
 * Trees of size 1, 3, 7, ... up to that of REVISION's own have it for the next
 * root; then the two, of one size, become one.  Of a pair it is so at once.
 */
unsigned
jn_links_around(uint64_t revision, uint64_t *jump_revision)
{
    struct trees trees = trees_of(revision);

    *jump_revision = revision - trees.newest;
    /* A size is 2^k - 1, and k what is asked. */
    return trees.pair ? 0 : 64u - (unsigned)__builtin_clzll(trees.newest);
}

unsigned
jn_links_followers(uint64_t revision)
{
    uint64_t jump;

    return jn_links_around(revision, &jump);
}

static void
remove_roots(struct jn_chain *chain, unsigned count)
{
    chain->count -= count;
    memmove(chain->roots, chain->roots + count,
            chain->count * sizeof(chain->roots[0]));
}

static void
insert_root(struct jn_chain *chain, uint64_t seq)
{
    memmove(chain->roots + 1, chain->roots,
            chain->count * sizeof(chain->roots[0]));
    chain->roots[0] = seq;
    chain->count++;
}

void
jn_chain_push(struct jn_chain *chain, uint64_t seq, bool tombstone,
              const struct journal_stamp *stamp, struct jn_links *links)
{
    struct trees trees = trees_of(chain->revision);

    assert(trees.count == chain->count);
    assert(chain->count == 0 || seq > chain->roots[0]);
    memset(links, 0, sizeof(*links));
    links->prev = chain->count > 0 ? chain->roots[0] : JOURNAL_NONE;
    if (trees.pair)
        remove_roots(chain, 2);
    links->jump = chain->count > 0 ? chain->roots[0] : JOURNAL_NONE;
    insert_root(chain, seq);
    links->revision = ++chain->revision;
    chain->tombstone = tombstone;
    if (stamp == NULL)
        return;
    links->replaced = chain->stamped;
    if (chain->stamped)
        links->stamp_before = chain->stamp;
    chain->stamped = true;
    chain->stamp = *stamp;
}

bool
jn_chain_begin(struct jn_chain *chain, uint64_t seq,
               const struct jn_links *links)
{
    struct trees trees;
    bool first = links->revision == 1;

    if (links->revision == 0 || links->revision > REVISION_MAX)
        return false;
    trees = trees_of(links->revision);
    if (first != (links->prev == JOURNAL_NONE) ||
        (trees.count == 1) != (links->jump == JOURNAL_NONE))
        return false;
    /* A leaf jumps to the entry before it, others over their children. */
    if (!first && trees.count > 1 &&
        (trees.newest == 1 ? links->jump != links->prev
                           : links->jump >= links->prev))
        return false;
    memset(chain, 0, sizeof(*chain));
    chain->revision = links->revision;
    chain->count = trees.count;
    for (unsigned i = 2; i < chain->count; i++)
        chain->roots[i] = JOURNAL_NONE;
    chain->roots[0] = seq;
    if (chain->count > 1)
        chain->roots[1] = links->jump;
    return true;
}

/*
 * The roots that are missing come first.  Those behind them the chain has: a
 * tree that a later one has not taken up stays as it was.
 */
bool
jn_chain_skip(struct jn_chain *chain, uint64_t seq,
              const struct jn_links *links)
{
    struct jn_chain next;
    uint64_t at = links->revision, last = chain->revision;
    unsigned missing = 0, passed = 0;

    assert(chain->count > 0);
    if (!jn_chain_begin(&next, seq, links) || at <= last + 1 ||
        links->prev <= chain->roots[0])
        return false;
    for (; at > last; missing++)
        at = jn_links_jump_revision(at);
    for (; last > at; passed++)
        last = jn_links_jump_revision(last);
    assert(last == at && next.count - missing == chain->count - passed);
    if (missing > 1 && next.roots[1] <= chain->roots[0])
        return false;
    if (missing == 1 && next.count > 1 && next.roots[1] > chain->roots[0])
        return false;
    for (unsigned i = missing; i < next.count; i++)
        next.roots[i] = chain->roots[passed + i - missing];
    next.stamped = chain->stamped;
    next.stamp = chain->stamp;
    *chain = next;
    return true;
}

int
jn_chain_pop(struct jn_chain *chain, const struct jn_chain_end *latest,
             const struct jn_chain_end *prev)
{
    struct trees trees = trees_of(chain->revision);

    assert(chain->revision > 1);
    if (latest->links.revision != chain->revision ||
        prev->links.revision + 1 != chain->revision)
        return JOURNAL_CORRUPT;
    remove_roots(chain, 1);
    if (trees.newest > 1) {
        if (latest->links.prev == JOURNAL_NONE ||
            prev->links.jump == JOURNAL_NONE)
            return JOURNAL_CORRUPT;
        insert_root(chain, prev->links.jump);
        insert_root(chain, latest->links.prev);
    }
    if (chain->roots[0] != latest->links.prev)
        return JOURNAL_CORRUPT;
    chain->revision--;
    chain->tombstone = prev->tombstone;
    if (latest->stamped) {
        chain->stamped = latest->links.replaced;
        chain->stamp = latest->links.stamp_before;
    }
    return 0;
}

uint64_t
jn_chain_seek(const struct jn_chain *chain, uint64_t bound)
{
    uint64_t seq = chain->roots[0];

    assert(chain->count > 0 && seq >= bound);
    for (unsigned i = 1; i < chain->count && chain->roots[i] >= bound; i++)
        seq = chain->roots[i];
    return seq;
}

uint64_t
jn_links_toward(const struct jn_links *links, uint64_t bound)
{
    if (links->jump != JOURNAL_NONE && links->jump >= bound)
        return links->jump;
    return links->prev;
}

static uint32_t
check_of(const uint8_t *data, size_t size, uint64_t seed)
{
    return (uint32_t)jn_hash64(jn_span(data, size), seed);
}

uint8_t *
jn_links_encode(uint8_t *out, const struct jn_links *links, uint64_t seq)
{
    uint8_t *end;

    assert(links->revision <= UINT64_MAX / 2);
    end = jn_put_varint(out, links->revision * 2 + links->replaced);
    if (links->revision == 0)
        return end;
    end = jn_put_varint(end,
                        links->prev == JOURNAL_NONE ? 0 : seq - links->prev);
    end = jn_put_varint(end,
                        links->jump == JOURNAL_NONE ? 0 : seq - links->jump);
    if (links->replaced)
        end = jn_stamp_encode(end, &links->stamp_before);
    jn_put_le32(end, check_of(out, (size_t)(end - out), seq));
    return end + CHECK_SIZE;
}

/* The entry that lies DISTANCE before SEQ; false if there cannot be one. */
static bool
back_from(uint64_t seq, uint64_t distance, uint64_t *result)
{
    *result = distance == 0 ? JOURNAL_NONE : seq - distance;
    return distance <= seq;
}

int
jn_links_decode(struct jn_links *links, struct jn_span *in, uint64_t seq)
{
    const uint8_t *start = in->data;
    uint64_t head, prev, jump;
    size_t size;

    memset(links, 0, sizeof(*links));
    links->prev = links->jump = JOURNAL_NONE;
    if (!jn_get_varint(in, &head))
        return JOURNAL_CORRUPT;
    if (head == 0)
        return 0;
    links->revision = head / 2;
    links->replaced = head % 2 == 1;
    if (!jn_get_varint(in, &prev) || !jn_get_varint(in, &jump) ||
        (links->replaced && !jn_stamp_decode(&links->stamp_before, in)))
        return JOURNAL_CORRUPT;
    size = (size_t)(in->data - start);
    if (in->size < CHECK_SIZE ||
        jn_get_le32(in->data) != check_of(start, size, seq))
        return JOURNAL_CORRUPT;
    *in = jn_span(in->data + CHECK_SIZE, in->size - CHECK_SIZE);
    if (links->revision == 0 || !back_from(seq, prev, &links->prev) ||
        !back_from(seq, jump, &links->jump))
        return JOURNAL_CORRUPT;
    return 0;
}

uint8_t *
jn_chain_encode(uint8_t *out, const struct jn_chain *chain, uint64_t seed)
{
    uint8_t *start = out + CHECK_SIZE;
    uint8_t *end;

    assert(chain->revision > 0 && chain->revision <= UINT64_MAX / 4);
    end = jn_put_varint(start, chain->revision * 4 + chain->tombstone * 2u +
                                   chain->stamped);
    end = jn_put_varint(end, chain->roots[0]);
    for (unsigned i = 1; i < chain->count; i++)
        end = jn_put_varint(end, chain->roots[i - 1] - chain->roots[i]);
    if (chain->stamped)
        end = jn_stamp_encode(end, &chain->stamp);
    jn_put_le32(out, check_of(start, (size_t)(end - start), seed));
    return end;
}

static bool
get_roots(struct jn_span *in, struct jn_chain *chain)
{
    chain->count = trees_of(chain->revision).count;
    if (!jn_get_varint(in, &chain->roots[0]))
        return false;
    for (unsigned i = 1; i < chain->count; i++) {
        uint64_t distance;

        if (!jn_get_varint(in, &distance) || distance == 0 ||
            distance > chain->roots[i - 1])
            return false;
        chain->roots[i] = chain->roots[i - 1] - distance;
    }
    return true;
}

int
jn_chain_decode(struct jn_chain *chain, struct jn_span in, uint64_t seed)
{
    uint64_t head;

    if (in.size < CHECK_SIZE ||
        jn_get_le32(in.data) !=
            check_of(in.data + CHECK_SIZE, in.size - CHECK_SIZE, seed))
        return JOURNAL_CORRUPT;
    in = jn_span(in.data + CHECK_SIZE, in.size - CHECK_SIZE);
    if (!jn_get_varint(&in, &head) || head < 4)
        return JOURNAL_CORRUPT;
    chain->revision = head / 4;
    chain->tombstone = (head & 2) != 0;
    chain->stamped = (head & 1) != 0;
    memset(&chain->stamp, 0, sizeof(chain->stamp));
    if (!get_roots(&in, chain) ||
        (chain->stamped && !jn_stamp_decode(&chain->stamp, &in)) ||
        in.size != 0)
        return JOURNAL_CORRUPT;
    return 0;
}
