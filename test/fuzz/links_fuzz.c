/*
 * links_fuzz.c - the links of entries and the chains of keys, from a disk that
 * may have done anything.
 *
 * An input is a number of 8 bytes, little endian, and then what lies behind the
 * check of a chain, or in front of that of links.  The checks are made here: by
 * chance none is ever right.
 */
#include <journal.h>
#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "fuzz.h"
#include "format/links.h"

#define HEAD 8u
#define CHECK 4u

static uint32_t
check_of(const uint8_t *bytes, size_t size, uint64_t seed)
{
    return (uint32_t)jn_hash64(jn_span(bytes, size), seed);
}

/* ---- links --------------------------------------------------------------- */

static void
check_links(struct jn_span bytes, uint64_t seq)
{
    uint8_t again[JN_LINKS_MAX];
    struct jn_span rest = bytes;
    struct jn_links links;
    size_t size;
    int rc = jn_links_decode(&links, &rest, seq);

    fuzz_check(rc == 0 || rc == JOURNAL_CORRUPT, "an error of this kind");
    if (rc != 0)
        return;
    size = bytes.size - rest.size;
    fuzz_check(rest.data == bytes.data + size, "what is left is the end");
    fuzz_check(links.prev == JOURNAL_NONE || links.prev < seq, "prev is older");
    fuzz_check(links.jump == JOURNAL_NONE || links.jump < seq, "jump is, too");
    fuzz_check((size_t)(jn_links_encode(again, &links, seq) - again) == size,
               "links keep their size");
    fuzz_check(memcmp(again, bytes.data, size) == 0, "links keep their bytes");
}

/* ---- chains -------------------------------------------------------------- */

static void
check_same(const struct jn_chain *chain, struct jn_span bytes, uint64_t seed)
{
    uint8_t again[JN_CHAIN_MAX];

    fuzz_check(jn_chain_encode(again, chain, seed) == again + bytes.size,
               "a chain keeps its size");
    fuzz_check(memcmp(again, bytes.data, bytes.size) == 0,
               "a chain keeps its bytes");
}

/* An entry comes, another one, and goes: all is as it was before that one. */
static void
check_push(struct jn_chain *chain, uint64_t seed)
{
    struct journal_stamp stamp = {.time = 7};
    struct jn_chain_end first = {.tombstone = true}, second = {.stamped = true};
    uint8_t before[JN_CHAIN_MAX];
    uint64_t newest = chain->roots[0];
    size_t size;

    if (newest >= JOURNAL_NONE - 2 || chain->revision >= UINT64_MAX / 4 - 2)
        return;
    jn_chain_push(chain, newest + 1, true, NULL, &first.links);
    fuzz_check(first.links.prev == newest, "the newest comes before");
    size = (size_t)(jn_chain_encode(before, chain, seed) - before);
    jn_chain_push(chain, newest + 2, false, &stamp, &second.links);
    fuzz_check(jn_chain_seek(chain, newest + 2) == newest + 2,
               "the newest is found");
    fuzz_check(jn_chain_pop(chain, &second, &first) == 0, "it can be taken");
    check_same(chain, jn_span(before, size), seed);
}

static void
check_chain(struct jn_span bytes, uint64_t seed)
{
    struct jn_chain chain;
    int rc = jn_chain_decode(&chain, bytes, seed);

    fuzz_check(rc == 0 || rc == JOURNAL_CORRUPT, "an error of this kind");
    if (rc != 0)
        return;
    fuzz_check(chain.count > 0 && chain.count <= JN_ROOTS_MAX, "it has roots");
    for (unsigned i = 1; i < chain.count; i++)
        fuzz_check(chain.roots[i] < chain.roots[i - 1], "each older");
    check_same(&chain, bytes, seed);
    check_push(&chain, seed);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    uint64_t number;
    uint8_t *bytes;

    if (size < HEAD)
        return 0;
    number = jn_get_le64(data);
    size -= HEAD;
    data += HEAD;
    /* To the byte, so that a step too far is seen. */
    bytes = malloc(size + CHECK);
    fuzz_check(bytes != NULL, "there is memory");
    memcpy(bytes, data, size);
    jn_put_le32(bytes + size, check_of(data, size, number));
    check_links(jn_span(bytes, size + CHECK), number);
    jn_put_le32(bytes, check_of(data, size, number));
    memcpy(bytes + CHECK, data, size);
    check_chain(jn_span(bytes, size + CHECK), number);
    check_links(jn_span(data, size), number);
    check_chain(jn_span(data, size), number);
    free(bytes);
    return 0;
}
