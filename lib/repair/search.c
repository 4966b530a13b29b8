/* search.c - every page of a journal's file looked at for entries. */
#include "repair/search.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "format/links.h"
#include "format/record.h"

#define CHUNK ((size_t)1 << 20) /* bytes read at once; of whole pages */

/*
 * Big values are read and hashed once for each place and number.  Pages that
 * somebody has made up may name one place under any numbers, so there is an end
 * to it: after so many times the size of the file.
 */
#define BUDGET_FACTOR 8u
#define BUDGET_LEAST ((uint64_t)64 << 20)

/* A value on pages of its own that is yet to be looked at. */
struct big {
    uint64_t seq;
    uint64_t place;
    uint32_t size;
    enum jn_find_kind kind;
};

struct hunt {
    const struct jn_search *search;
    struct jn_finds *finds;
    uint64_t size; /* of the file, in bytes */
    struct big *bigs;
    size_t big_count, big_capacity;
};

/* Reads up to SIZE bytes; *GOT tells how many there were. */
static int
read_some(int file, uint64_t offset, uint8_t *out, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t done = pread(file, out + *got, size - *got,
                             (off_t)(offset + *got));

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return errno;
        if (done == 0)
            break;
        *got += (size_t)done;
    }
    return 0;
}

int
jn_search_read(int file, const struct jn_find *find, uint8_t *out)
{
    size_t got;
    int rc = read_some(file, find->place, out, find->size, &got);

    return rc == 0 && got < find->size ? JOURNAL_CORRUPT : rc;
}

/* ---- a row --------------------------------------------------------------- */

/* Whether a record of entry SEQ takes the bytes of ROW from AT to its end. */
static bool
is_record(uint64_t seq, struct jn_span row, size_t at, struct jn_find *find)
{
    struct jn_span bytes = jn_span(row.data + at, row.size - at);
    struct jn_record record;

    /* Most are none at a glance, without a checksum. */
    if (jn_record_parse(&record, bytes) != 0 ||
        jn_record_decode(&record, bytes, seq) != 0)
        return false;
    find->seq = seq;
    find->time = record.time;
    find->check = jn_get_le64(bytes.data);
    find->size = (uint32_t)row.size;
    find->record = (uint8_t)at;
    return true;
}

bool
jn_search_is_entry(uint64_t seq, struct jn_span row, struct jn_find *find)
{
    struct jn_span rest = row;
    struct jn_links links;
    size_t most = row.size < JN_LINKS_MAX ? row.size : JN_LINKS_MAX;

    find->linked = jn_links_decode(&links, &rest, seq) == 0 &&
                   is_record(seq, row, row.size - rest.size, find);
    for (size_t at = 1; !find->linked && at <= most; at++) {
        if (is_record(seq, row, at, find))
            return true;
    }
    return find->linked;
}

/* ---- big values ---------------------------------------------------------- */

static int
note_big(struct hunt *hunt, const struct big *big)
{
    size_t capacity = hunt->big_capacity == 0 ? 64 : hunt->big_capacity * 2;
    struct big *list;

    if (big->size > hunt->size || big->place > hunt->size - big->size)
        return 0;
    if (hunt->big_count == hunt->big_capacity) {
        list = realloc(hunt->bigs, capacity * sizeof(*list));
        if (list == NULL)
            return ENOMEM;
        hunt->bigs = list;
        hunt->big_capacity = capacity;
    }
    hunt->bigs[hunt->big_count++] = *big;
    return 0;
}

static int
compare_bigs(const void *left, const void *right)
{
    const struct big *a = left, *b = right;

    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    if (a->seq != b->seq)
        return a->seq < b->seq ? -1 : 1;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return a->kind < b->kind ? -1 : a->kind > b->kind;
}

static int
look_at_big(struct hunt *hunt, const struct big *big)
{
    struct jn_find find = {.place = big->place,
                           .size = big->size,
                           .kind = big->kind};
    uint8_t *bytes = malloc(big->size);
    int rc = bytes == NULL ? ENOMEM : 0;

    if (rc == 0)
        rc = jn_search_read(hunt->search->file, &find, bytes);
    if (rc == 0 &&
        jn_search_is_entry(big->seq, jn_span(bytes, big->size), &find))
        rc = jn_finds_add(hunt->finds, &find);
    free(bytes);
    return rc == JOURNAL_CORRUPT || rc == EIO ? 0 : rc;
}

static bool
is_same_big(const struct big *a, const struct big *b)
{
    return a->place == b->place && a->seq == b->seq && a->size == b->size;
}

static int
look_at_bigs(struct hunt *hunt)
{
    uint64_t budget = hunt->size * BUDGET_FACTOR + BUDGET_LEAST;
    int rc = 0;

    if (hunt->big_count > 1)
        qsort(hunt->bigs, hunt->big_count, sizeof(*hunt->bigs), compare_bigs);
    for (size_t i = 0; i < hunt->big_count && rc == 0; i++) {
        const struct big *big = &hunt->bigs[i];

        if ((i > 0 && is_same_big(big, big - 1)) || big->size > budget)
            continue;
        budget -= big->size;
        rc = look_at_big(hunt, big);
    }
    return rc;
}

/* ---- a page -------------------------------------------------------------- */

/* A page, where it lies, and what is said of it. */
struct sheet {
    const uint8_t *bytes;
    uint64_t place;
    enum jn_find_kind kind;
};

static int
take_node(struct hunt *hunt, const struct sheet *sheet,
          const struct jn_node *node)
{
    struct jn_find find = {.kind = sheet->kind};
    uint64_t seq;

    if (node->key.size != 8)
        return 0;
    seq = jn_get_be64(node->key.data);
    if (!jn_gaps_has(hunt->search->wanted, seq))
        return 0;
    if (node->flags == JN_NODE_BIG) {
        struct big big = {.seq = seq,
                          .size = (uint32_t)node->value_size,
                          .kind = sheet->kind};

        if (node->first_page > hunt->size / hunt->search->page_size)
            return 0;
        big.place = node->first_page * hunt->search->page_size + JN_PAGE_HEADER;
        return note_big(hunt, &big);
    }
    if (node->flags != 0 || !jn_search_is_entry(seq, node->value, &find))
        return 0;
    find.place = sheet->place + (uint64_t)(node->value.data - sheet->bytes);
    return jn_finds_add(hunt->finds, &find);
}

static int
look_at_leaf(struct hunt *hunt, const struct sheet *sheet,
             const struct jn_page *page)
{
    const struct jn_search *search = hunt->search;
    int rc = 0;

    if (search->leaf != NULL)
        rc = search->leaf(search->context, page);
    for (unsigned i = 0; i < page->count && rc == 0; i++) {
        struct jn_node node;

        if (jn_page_node(page, i, &node) == 0)
            rc = take_node(hunt, sheet, &node);
    }
    return rc;
}

/* A node at AT, if one may begin there, whatever the page's header says. */
static bool
read_loose(const struct hunt *hunt, const struct sheet *sheet, size_t at,
           struct jn_node *node)
{
    const uint8_t *start = sheet->bytes + at;
    size_t left = hunt->search->page_size - at - JN_NODE_HEADER - 8;

    if (jn_node_key_size(start) != 8)
        return false;
    memset(node, 0, sizeof(*node));
    node->key = jn_span(start + JN_NODE_HEADER, 8);
    node->flags = jn_node_flags(start);
    node->value_size = jn_node_size(start);
    if (node->flags == JN_NODE_BIG) {
        node->first_page = left >= 8 ? jn_get64(start + JN_NODE_HEADER + 8)
                                     : UINT64_MAX;
        return true;
    }
    node->value = jn_span(start + JN_NODE_HEADER + 8, node->value_size);
    return node->value_size <= left;
}

static int
look_everywhere(struct hunt *hunt, const struct sheet *sheet)
{
    size_t last = hunt->search->page_size - JN_NODE_HEADER - 8;
    struct sheet loose = {sheet->bytes, sheet->place, JN_FIND_FILE};
    struct jn_node node;
    int rc = 0;

    for (size_t at = JN_PAGE_HEADER; at <= last && rc == 0; at += 2) {
        if (read_loose(hunt, sheet, at, &node))
            rc = take_node(hunt, &loose, &node);
    }
    return rc;
}

/* Whether page NUMBER is where the journal, as it is now, has its entries. */
static bool
is_in_use(const struct jn_search *search, uint64_t number)
{
    return search->free_pages != NULL && number < search->limit &&
           !jn_gaps_has(search->free_pages, number);
}

static int
look_at_page(struct hunt *hunt, uint64_t number, const uint8_t *bytes)
{
    const struct jn_search *search = hunt->search;
    bool named = jn_gaps_has(search->named, number);
    bool in_use = named || is_in_use(search, number);
    struct sheet sheet = {bytes, number * search->page_size,
                          in_use ? JN_FIND_NAMED : JN_FIND_FILE};
    struct jn_page page;
    int rc = 0;

    /* One that two have changed places with says the other's number. */
    if (jn_page_open(&page, bytes, search->page_size,
                     named ? jn_page_number(bytes) : number) == 0 &&
        page.flags == JN_PAGE_LEAF)
        rc = look_at_leaf(hunt, &sheet, &page);
    return rc == 0 && named ? look_everywhere(hunt, &sheet) : rc;
}

/* ---- the file ------------------------------------------------------------ */

/* Reads what is there of SIZE bytes; what cannot be read is zeros. */
static int
read_chunk(const struct hunt *hunt, uint64_t offset, uint8_t *out, size_t size)
{
    size_t page = hunt->search->page_size, got;
    int rc = read_some(hunt->search->file, offset, out, size, &got);

    for (size_t at = 0; rc == EIO && at < size; at += page) {
        if (read_some(hunt->search->file, offset + at, out + at, page, &got) !=
            0)
            got = 0;
        memset(out + at + got, 0, page - got);
        if (at + page == size)
            return 0;
    }
    if (rc == 0)
        memset(out + got, 0, size - got);
    return rc;
}

static int
look_at_pages(struct hunt *hunt, uint8_t *chunk)
{
    const struct jn_search *search = hunt->search;
    size_t page = search->page_size;
    int rc = 0;

    for (uint64_t offset = 0; offset < hunt->size && rc == 0; offset += CHUNK) {
        rc = read_chunk(hunt, offset, chunk, CHUNK);
        for (size_t at = 0; at < CHUNK && rc == 0; at += page)
            rc = look_at_page(hunt, (offset + at) / page, chunk + at);
        if (rc == 0 && search->progress != NULL)
            rc = search->progress(search->context,
                                  offset + CHUNK < hunt->size ? offset + CHUNK
                                                              : hunt->size,
                                  hunt->size);
    }
    return rc;
}

int
jn_search(const struct jn_search *search, struct jn_finds *finds)
{
    struct hunt hunt = {.search = search, .finds = finds};
    uint8_t *chunk = malloc(CHUNK);
    struct stat status;
    int rc = chunk == NULL ? ENOMEM : 0;

    if (rc == 0 && fstat(search->file, &status) != 0)
        rc = errno;
    if (rc == 0) {
        hunt.size = (uint64_t)status.st_size;
        rc = look_at_pages(&hunt, chunk);
    }
    if (rc == 0)
        rc = look_at_bigs(&hunt);
    jn_finds_sort(finds);
    free(hunt.bigs);
    free(chunk);
    return rc;
}
