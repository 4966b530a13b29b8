/*
 * salvage_fuzz.c - a directory of any bytes is salvaged.
 *
 * An input is a byte of enum how; a byte, how many pages of `data.mdb` follow,
 * packed as unpack.h says; and pieces of `tail`, whose other bytes are zeros:
 * how many eights of bytes lie before it, and how many bytes it has, 2 bytes
 * each, little endian, and these.
 *
 * Whatever is salvaged is a sound journal, of as many entries as is said, and
 * can be gone on with.  By chance no check of what has changed would ever be
 * right, so an input may ask for checks that fit what there is.
 */
#include <errno.h>
#include <journal.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "format/links.h"
#include "format/record.h"
#include "fuzz.h"
#include "pages/page.h"
#include "tail/tail.h"
#include "unpack.h"

#define PAGE UNPACK_PAGE
#define PAGES_MAX 64u
#define TAIL_SIZE (JN_TAIL_HEADER + JN_TAIL_MIN)
#define SALT_AT 48u
#define CHECK_AT 64u

enum how { NO_DATA = 1, NO_TAIL = 2, SEALED = 4, TAIL_SEALED = 8 };

static uint8_t data_bytes[PAGES_MAX * PAGE], tail_bytes[TAIL_SIZE];
static uint8_t read_bytes[sizeof(data_bytes)];
static size_t data_size;

static char home[512], target[600];

/* ---- checks that fit ----------------------------------------------------- */

/* Where the record begins behind the links at START, which get their check. */
static uint8_t *
seal_links(uint8_t *start, size_t size, uint64_t seq)
{
    struct jn_span rest = {start, size};
    uint64_t head, prev, jump;
    size_t links;

    if (!jn_get_varint(&rest, &head))
        return NULL;
    if (head == 0)
        return start + 1;
    if (!jn_get_varint(&rest, &prev) || !jn_get_varint(&rest, &jump))
        return NULL;
    links = size - rest.size + (head % 2 == 1 ? JN_STAMP_SIZE : 0);
    if (links + 4 > size)
        return NULL;
    jn_put_le32(start + links, (uint32_t)jn_hash64(jn_span(start, links), seq));
    return start + links + 4;
}

static void
seal_entry(uint8_t *row, size_t size, uint64_t seq)
{
    uint8_t *record = seal_links(row, size, seq), *body;

    if (record == NULL || size - (size_t)(record - row) < JN_RECORD_MIN)
        return;
    body = record + JN_RECORD_HEADER;
    jn_record_seal(record,
                   jn_hash64(jn_span(body, size - (size_t)(body - row)), 0),
                   seq, jn_get_le64(record + 8));
}

/* The row of a key. */
static void
seal_chain(uint8_t *row, size_t size, struct jn_span key)
{
    if (size > 4)
        jn_put_le32(row, (uint32_t)jn_hash64(jn_span(row + 4, size - 4),
                                             jn_hash64(key, 0)));
}

static void
seal_big(const struct jn_node *node)
{
    uint64_t at = node->first_page * PAGE + JN_PAGE_HEADER;

    if (node->first_page < PAGES_MAX && node->value_size < data_size &&
        at + node->value_size <= data_size)
        seal_entry(data_bytes + at, node->value_size,
                   jn_get_be64(node->key.data));
}

static void
seal_node(uint8_t *bytes, const struct jn_node *node)
{
    struct jn_span value = node->value;

    if (node->key.size == 8 && node->flags == JN_NODE_BIG)
        seal_big(node);
    else if (node->key.size == 8 && node->flags == 0)
        seal_entry(bytes + (value.data - bytes), value.size,
                   jn_get_be64(node->key.data));
    else if (node->key.size > 8 && node->flags == 0)
        seal_chain(bytes + (value.data - bytes), value.size, node->key);
}

static void
seal_page(uint64_t number)
{
    uint8_t *bytes = data_bytes + number * PAGE;
    struct jn_page page;
    struct jn_node node;

    if (jn_page_open(&page, bytes, PAGE, number) != 0 ||
        page.flags != JN_PAGE_LEAF)
        return;
    for (unsigned i = 0; i < page.count; i++) {
        if (jn_page_node(&page, i, &node) == 0)
            seal_node(bytes, &node);
    }
}

/* One at AT, if there may be one; its entry as well. */
static void
seal_frame(size_t at)
{
    uint8_t *frame = tail_bytes + at;
    uint64_t seed = jn_get_le64(tail_bytes + SALT_AT) + at - JN_TAIL_HEADER;
    uint64_t row = jn_get_le32(frame + 28);
    uint64_t size = JN_FRAME_HEADER + row +
                    (jn_get_le32(frame + 32) & UINT16_MAX);

    if (size == JN_FRAME_HEADER || size > TAIL_SIZE - at)
        return;
    seal_entry(frame + JN_FRAME_HEADER, row, jn_get_le64(frame + 16));
    jn_put_le32(frame + 36, (uint32_t)jn_hash64(jn_span(frame + 8, 28), seed));
    jn_put_le64(frame, jn_hash64(jn_span(frame + 8, (size_t)size - 8), seed));
}

/* Pieces begin where frames do. */
static void
read_tail(const uint8_t *data, size_t size, bool sealed)
{
    memset(tail_bytes, 0, TAIL_SIZE);
    for (size_t at = 0; size > 4;) {
        size_t count = data[2] | (size_t)data[3] << 8;

        at += 8 * (data[0] | (size_t)data[1] << 8);
        data += 4;
        size -= 4;
        if (at >= TAIL_SIZE)
            return;
        count = count < size ? count : size;
        count = count < TAIL_SIZE - at ? count : TAIL_SIZE - at;
        memcpy(tail_bytes + at, data, count);
        data += count;
        size -= count;
        if (sealed && at == 0)
            jn_put_le64(tail_bytes + CHECK_AT,
                        jn_hash64(jn_span(tail_bytes, CHECK_AT), 0));
        if (sealed && at >= JN_TAIL_HEADER && TAIL_SIZE - at > JN_FRAME_HEADER)
            seal_frame(at);
        at += (count + 7) & ~(size_t)7;
    }
}

/* ---- files --------------------------------------------------------------- */

static const char *
path_of(const char *directory, const char *name)
{
    static char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static void
write_file(const char *name, const uint8_t *bytes, size_t size)
{
    FILE *out = fopen(path_of(home, name), "wb");

    fuzz_check(out != NULL && fwrite(bytes, 1, size, out) == size &&
                   fclose(out) == 0,
               "a file is written");
}

/* The file of NAME still is what it was, and is no more. */
static void
take_away(const char *name, const uint8_t *bytes, size_t size)
{
    FILE *in = fopen(path_of(home, name), "rb");

    fuzz_check(in != NULL && fread(read_bytes, 1, size + 1, in) == size &&
                   memcmp(read_bytes, bytes, size) == 0,
               "what is salvaged stays as it is");
    (void)fclose(in);
    (void)unlink(path_of(home, name));
}

/* ---- what is salvaged ---------------------------------------------------- */

struct told {
    uint64_t done, total;
};

static int
progress(void *context, uint64_t done, uint64_t total)
{
    struct told *told = context;

    fuzz_check(done >= told->done && done <= total, "progress goes on");
    told->done = done;
    told->total = total;
    return 0;
}

static void
check_target(const struct journal_report *salvaged)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct journal *journal;
    int rc;

    fuzz_check(journal_open(target, NULL, &journal) == 0, "it opens");
    fuzz_check(journal_stat(journal, &stat) == 0 &&
                   stat.entries == salvaged->salvaged,
               "it has what is said");
    fuzz_check(journal_verify(journal, &report, NULL, NULL) == 0,
               "it is sound");
    fuzz_check(report.entries_checked == salvaged->salvaged, "all of it");
    rc = journal_append(journal, "key 1", 5, "more", 4, NULL);
    fuzz_check(rc == 0 || rc == JOURNAL_FULL,
               "it goes on, if there are numbers");
    fuzz_check(journal_verify(journal, NULL, NULL, NULL) == 0, "soundly");
    journal_close(journal);
    fuzz_check(journal_destroy(target) == 0, "it goes as it came");
}

static void
salvage(void)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    struct told told = {0, 0};
    int rc = journal_salvage(home, target, &report, progress, &told);

    if (rc == 0) {
        fuzz_check(told.done == told.total, "progress comes to the end");
        check_target(&report);
        return;
    }
    fuzz_check(rc == JOURNAL_CORRUPT || rc == JOURNAL_NOT_FOUND,
               "nothing is left, or was there");
    fuzz_check(access(target, F_OK) != 0, "nothing is made then");
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    unsigned how = size > 0 ? data[0] : NO_DATA | NO_TAIL;
    size_t pages = size > 1 ? data[1] % (PAGES_MAX + 1) : 0;

    data += size > 2 ? 2 : size;
    size -= size > 2 ? 2 : size;
    data_size = unpack_pages(data_bytes, pages, &data, &size) * PAGE;
    for (uint64_t i = 0; (how & SEALED) != 0 && i < data_size / PAGE; i++)
        seal_page(i);
    read_tail(data, size, (how & TAIL_SEALED) != 0);
    fuzz_directory(home, sizeof(home), "salvage-fuzz");
    (void)snprintf(target, sizeof(target), "%s.new", home);
    if ((how & NO_DATA) == 0)
        write_file("data.mdb", data_bytes, data_size);
    if ((how & NO_TAIL) == 0)
        write_file("tail", tail_bytes, TAIL_SIZE);
    salvage();
    if ((how & NO_DATA) == 0)
        take_away("data.mdb", data_bytes, data_size);
    if ((how & NO_TAIL) == 0)
        take_away("tail", tail_bytes, TAIL_SIZE);
    fuzz_check(rmdir(home) == 0, "nothing else is left");
    return 0;
}
