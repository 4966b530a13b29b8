/*
 * pages_fuzz.c - an LMDB file of any bytes, looked at and walked over.
 *
 * An input is the file's pages, packed as unpack.h says.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "fuzz.h"
#include "pages/walk.h"
#include "unpack.h"

#define PAGE UNPACK_PAGE
#define PAGES_MAX 64u

static uint8_t file_bytes[PAGES_MAX * PAGE];

/* ---- one page ----------------------------------------------------------- */

/* Reads all of SPAN, and returns its size. */
static uint64_t
use(struct jn_span span)
{
    static uint8_t bytes[sizeof(file_bytes)];

    fuzz_check(span.size <= sizeof(bytes), "it fits the file");
    (void)jn_span_copy(bytes, span);
    return span.size;
}

/* To the byte, so that a step too far is seen. */
static uint64_t
try_page(const uint8_t *bytes, uint64_t number)
{
    uint8_t *copy = malloc(PAGE);
    struct jn_page page;
    struct jn_node node;
    uint64_t result = 0;

    fuzz_check(copy != NULL, "there is memory");
    memcpy(copy, bytes, PAGE);
    if (jn_page_open(&page, copy, PAGE, number) == 0) {
        for (unsigned way = 0; way < 4; way++) {
            const struct jn_page_rule rule = {.numbers = way == 1,
                                              .names = way == 2,
                                              .small = way == 3};

            result += jn_page_check(&page, &rule) == NULL;
        }
        for (unsigned i = 0; i < page.count; i++) {
            if (jn_page_node(&page, i, &node) == 0)
                result += use(node.key) + use(node.value);
        }
    }
    free(copy);
    return result;
}

/* ---- the file ----------------------------------------------------------- */

static const char *const tables[] = {"meta", "entries", "latest"};

struct told {
    uint64_t bytes, reports, pages;
    unsigned table;
    uint8_t last[512];
    size_t last_size;
};

static int
take_row(void *context, unsigned table, struct jn_span key,
         struct jn_span value)
{
    struct told *told = context;

    fuzz_check(table == told->table, "tables come in order");
    fuzz_check(key.size <= sizeof(told->last), "a key has a key's size");
    fuzz_check(jn_page_compare(jn_span(told->last, told->last_size), key) < 0,
               "keys ascend");
    memcpy(told->last, key.data, key.size);
    told->last_size = key.size;
    told->bytes += use(value);
    return 0;
}

static int
end_table(void *context, unsigned table)
{
    struct told *told = context;

    fuzz_check(table == told->table, "tables end in order");
    told->table++;
    told->last_size = 0;
    return 0;
}

static int
take_bad(void *context, unsigned table, uint64_t page, const char *what)
{
    struct told *told = context;

    fuzz_check(table <= 3, "a bad page has a table, or none");
    fuzz_check(what != NULL, "there are words for it");
    (void)page;
    told->reports++;
    return 0;
}

static int
take_progress(void *context, uint64_t done, uint64_t pages)
{
    struct told *told = context;

    fuzz_check(done > told->pages && done <= pages, "pages are done once");
    told->pages = done;
    return 0;
}

static void
try_walk(const struct jn_pages *pages)
{
    struct told told = {0};
    const struct jn_walk_sink sink = {
        .context = &told,
        .tables = tables,
        .count = 3,
        .row = take_row,
        .done = end_table,
        .bad = take_bad,
        .progress = take_progress,
    };
    int rc = jn_walk(pages, &sink);

    fuzz_check(rc == 0 || rc == JOURNAL_CORRUPT, "it is sound, or it is not");
    fuzz_check((rc == 0) == (told.reports == 0), "what is wrong is told");
    fuzz_check(told.table == 3, "all tables were gone through");
    fuzz_check(told.bytes <= sizeof(file_bytes), "no value is read twice");
    fuzz_check(rc != 0 || told.pages == jn_pages_meta(pages)->last_page + 1,
               "all pages of a sound file are met");
}

static int
try_file(int file, int (*open_pages)(struct jn_pages **, int))
{
    struct jn_pages *pages = NULL;
    uint8_t format[8];
    size_t size;
    int rc = open_pages(&pages, file);

    if (rc != 0)
        return rc;
    rc = jn_pages_find(pages, "meta", "format", format, sizeof(format), &size);
    fuzz_check(rc != 0 || size <= sizeof(format), "what is found fits");
    rc = jn_walk_edges(pages, "meta");
    fuzz_check(rc == 0 || rc == JOURNAL_CORRUPT, "edges are sound, or not");
    try_walk(pages);
    jn_pages_close(pages);
    return 0;
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    static int file = -1;
    size_t bytes = unpack_pages(file_bytes, PAGES_MAX, &data, &size) * PAGE;
    int rc;

    if (file < 0)
        file = memfd_create("pages", MFD_CLOEXEC);
    fuzz_check(file >= 0 && ftruncate(file, (off_t)bytes) == 0 &&
                   pwrite(file, file_bytes, bytes, 0) == (ssize_t)bytes,
               "there is a file");
    for (uint64_t i = 0; i < bytes / PAGE; i++)
        (void)try_page(file_bytes + i * PAGE, i);
    rc = try_file(file, jn_pages_open);
    if (rc == JOURNAL_CORRUPT)
        rc = try_file(file, jn_pages_open_any);
    fuzz_check(rc == 0 || rc == JOURNAL_CORRUPT || rc == JOURNAL_UNSUPPORTED,
               "an error of these");
    return 0;
}
