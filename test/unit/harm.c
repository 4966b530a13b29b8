/* harm.c - a journal's files, damaged by chance where it matters. */
#include "unit/harm.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pages/pages.h"
#include "support/chance.h"
#include "support/test.h"

#define PAGE 4096u
#define LOWER 12u /* where in a page it says how many rows it has */

/* ---- files -------------------------------------------------------------- */

static const char *
in(const char *path, const char *name)
{
    static char whole[2][4200];
    static unsigned turn;

    turn = 1 - turn;
    (void)snprintf(whole[turn], sizeof(whole[turn]), "%s/%s", path, name);
    return whole[turn];
}

static struct harm_bytes
read_all(const char *path)
{
    struct harm_bytes all = {NULL, 0};
    struct stat stat;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return all;
    ck_assert_int_eq(fstat(file, &stat), 0);
    all.size = (size_t)stat.st_size;
    all.bytes = malloc(all.size + 1);
    ck_assert_ptr_nonnull(all.bytes);
    ck_assert_int_eq(pread(file, all.bytes, all.size, 0), (ssize_t)all.size);
    close(file);
    return all;
}

static struct harm_bytes
copy_of(const struct harm_bytes *from)
{
    struct harm_bytes copy = {malloc(from->size + 1), from->size};

    ck_assert_ptr_nonnull(copy.bytes);
    memcpy(copy.bytes, from->bytes, from->size);
    return copy;
}

static void
write_all(const char *path, const struct harm_bytes *all, int flags)
{
    int file = open(path, O_WRONLY | O_CLOEXEC | flags, 0640);

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(pwrite(file, all->bytes, all->size, 0),
                     (ssize_t)all->size);
    close(file);
}

/* ---- pages in use ------------------------------------------------------- */

static void
add_page(struct harm *harm, enum harm_kind kind, uint64_t number)
{
    ck_assert_uint_lt(harm->counts[kind], HARM_PAGES);
    harm->pages[kind][harm->counts[kind]++] = (uint32_t)number;
}

static enum harm_kind
kind_of(struct jn_span name)
{
    return name.data[0] == 'm'   ? HARM_META
           : name.data[0] == 'e' ? HARM_ENTRIES
                                 : HARM_LATEST;
}

static void
add_tree(struct harm *harm, const struct jn_pages *pages, enum harm_kind kind,
         uint64_t number)
{
    uint8_t buffer[PAGE];
    struct jn_page page;

    if (number == JN_NO_ROOT)
        return;
    ck_assert_int_eq(jn_pages_read(pages, number, buffer, &page), 0);
    add_page(harm, kind, number);
    for (unsigned i = 0; i < page.count; i++) {
        struct jn_node node;
        struct jn_tree tree;

        ck_assert_int_eq(jn_page_node(&page, i, &node), 0);
        if (page.flags == JN_PAGE_BRANCH) {
            add_tree(harm, pages, kind, node.child);
        } else if (node.flags == JN_NODE_SUBTREE) {
            ck_assert_int_eq(jn_page_tree(&node, &tree), 0);
            add_tree(harm, pages, kind_of(node.key), tree.root);
        } else if (node.flags == JN_NODE_BIG) {
            for (uint64_t k = 0; k * PAGE < node.value_size + 16; k++)
                add_page(harm, HARM_BIG, node.first_page + k);
        }
    }
}

void
harm_take(struct harm *harm, const char *path)
{
    struct jn_pages *pages;
    int file = open(in(path, "data.mdb"), O_RDONLY | O_CLOEXEC);

    memset(harm, 0, sizeof(*harm));
    harm->data = read_all(in(path, "data.mdb"));
    harm->tail = read_all(in(path, "tail"));
    harm->data_now = copy_of(&harm->data);
    harm->tail_now = copy_of(&harm->tail);
    ck_assert_int_eq(jn_pages_open(&pages, file), 0);
    harm->newer = jn_pages_meta(pages)->transaction % 2;
    add_page(harm, HARM_PAGE_META, 0);
    add_page(harm, HARM_PAGE_META, 1);
    add_tree(harm, pages, HARM_FREE, jn_pages_meta(pages)->trees[0].root);
    add_tree(harm, pages, HARM_PAGE_NAMES, jn_pages_meta(pages)->trees[1].root);
    jn_pages_close(pages);
    close(file);
}

void
harm_free(struct harm *harm)
{
    free(harm->data.bytes);
    free(harm->tail.bytes);
    free(harm->data_now.bytes);
    free(harm->tail_now.bytes);
}

/* ---- damage ------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void
tell(struct harm *harm, const char *format, ...)
{
    size_t size = strlen(harm->what);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(harm->what + size, sizeof(harm->what) - size, format,
                    arguments);
    va_end(arguments);
}

static uint32_t
any_of(const struct harm *harm, enum harm_kind kind)
{
    return harm->pages[kind][below(harm->counts[kind])];
}

static bool
is_tree(enum harm_kind kind)
{
    return kind != HARM_PAGE_META && kind != HARM_BIG && kind != HARM_TAIL;
}

/* A byte of the page that means something, more often than not. */
static size_t
byte_of(const uint8_t *page, enum harm_kind kind)
{
    unsigned count = jn_page_count(page, PAGE);
    size_t node;

    if (kind == HARM_PAGE_META)
        return below(JN_PAGE_HEADER + sizeof(struct jn_meta));
    if (!is_tree(kind) || count == 0 || one_in(8))
        return below(PAGE);
    node = jn_page_offset(page, (unsigned)below(count));
    switch (below(6)) {
    case 0:
        return below(JN_PAGE_HEADER + 2 * (size_t)count);
    case 1:
        return node + below(JN_NODE_HEADER);
    case 2:
    case 3:
        return node + JN_NODE_HEADER +
               below(jn_node_key_size(page + node) + 1) % 3700;
    default:
        return node + below(PAGE - node);
    }
}

static void
flip_bits(struct harm *harm, uint8_t *page, uint32_t number)
{
    for (uint64_t n = between(1, one_in(2) ? 1 : 3); n > 0; n--) {
        size_t at = byte_of(page, harm->kind);
        unsigned bit = (unsigned)below(8);

        at = at < PAGE ? at : PAGE - 1;
        page[at] ^= (uint8_t)(1u << bit);
        harm->shortens |= at / 2 == LOWER / 2;
        tell(harm, ", page %u byte %zu bit %u", number, at, bit);
    }
}

/* A run of bytes is overwritten, or zeroed; a sector, or all of the page. */
static void
spoil_run(struct harm *harm, uint8_t *page, uint32_t number)
{
    size_t size = one_in(3) ? PAGE : one_in(2) ? 512 : between(1, 64);
    size_t at = size == 512 ? 512 * below(8)
                            : byte_of(page, harm->kind) % (PAGE + 1 - size);
    bool zero = one_in(2);

    harm->shortens |= at <= LOWER + 1 && at + size > LOWER;
    if (zero)
        memset(page + at, 0, size);
    else
        fill_randomly(page + at, size);
    tell(harm, ", page %u bytes %zu to %zu %s", number, at, at + size,
         zero ? "zeroed" : "overwritten");
}

/* One page over another, mostly of its kind, with the number it had or not. */
static void
copy_page(struct harm *harm, uint8_t *page, uint32_t number)
{
    enum harm_kind kind = one_in(4) ? (enum harm_kind)below(HARM_TAIL)
                                    : harm->kind;
    uint64_t own = number, other;
    uint8_t *from, kept[PAGE];
    bool swap = one_in(2), named = one_in(2);

    if (harm->counts[kind] == 0)
        kind = HARM_PAGE_META;
    other = any_of(harm, kind);
    from = harm->data_now.bytes + other * PAGE;
    memcpy(kept, page, PAGE);
    memmove(page, from, PAGE);
    harm->at_open |= swap && kind <= HARM_PAGE_NAMES;
    harm->at_names |= swap && kind == HARM_PAGE_NAMES;
    if (swap)
        memcpy(from, kept, PAGE);
    harm->misplaces = named;
    if (named) {
        memcpy(page, &own, sizeof(own));
        if (swap)
            memcpy(from, &other, sizeof(other));
    }
    tell(harm, ", page %u is %s page %u%s", number,
         swap ? "swapped with" : "that of", (unsigned)other,
         named ? ", renumbered" : "");
}

static void
harm_tail(struct harm *harm, size_t from, size_t used)
{
    uint8_t *bytes = harm->tail_now.bytes + from;
    size_t at = below(used), size = one_in(2) ? 1 : between(1, 64);

    if (one_in(8)) {
        at -= at % PAGE;
        size = PAGE;
    }
    if (size > used - at)
        size = used - at;
    harm->at = from + at;
    harm->end = from + at + size;
    if (size == 1) {
        unsigned bit = (unsigned)below(8);

        bytes[at] ^= (uint8_t)(1u << bit);
        tell(harm, ", tail byte %zu bit %u", from + at, bit);
        return;
    }
    if (one_in(2))
        memset(bytes + at, 0, size);
    else
        fill_randomly(bytes + at, size);
    tell(harm, ", tail bytes %zu to %zu", from + at, from + at + size);
}

void
harm_some(struct harm *harm, size_t from, size_t size)
{
    uint32_t number;
    uint8_t *page;

    harm->what[0] = '\0';
    harm->shortens = harm->misplaces = false;
    memcpy(harm->data_now.bytes, harm->data.bytes, harm->data.size);
    memcpy(harm->tail_now.bytes, harm->tail.bytes, harm->tail.size);
    do
        harm->kind = (enum harm_kind)below(HARM_KINDS);
    while (harm->kind == HARM_TAIL ? size == 0 : harm->counts[harm->kind] == 0);
    if (harm->kind == HARM_TAIL) {
        harm->at_open = true;
        harm->at_names = false;
        harm_tail(harm, from, size);
        return;
    }
    harm->at_open = harm->kind <= HARM_PAGE_NAMES;
    harm->at_names = harm->kind == HARM_PAGE_NAMES;
    number = any_of(harm, harm->kind);
    page = harm->data_now.bytes + number * (size_t)PAGE;
    switch (below(4)) {
    case 0:
        spoil_run(harm, page, number);
        break;
    case 1:
        copy_page(harm, page, number);
        break;
    default:
        flip_bits(harm, page, number);
    }
}

/* ---- back to the disk --------------------------------------------------- */

static void
put(const char *path, const struct harm_bytes *data,
    const struct harm_bytes *tail)
{
    static const char *const names[] = {"journal.lock", "lock.mdb", "tail.new",
                                        "data.mdb", "tail"};

    (void)mkdir(path, 0750);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        (void)unlink(in(path, names[i]));
    write_all(in(path, "data.mdb"), data, O_CREAT | O_EXCL);
    if (tail->size > 0)
        write_all(in(path, "tail"), tail, O_CREAT | O_EXCL);
}

void
harm_put_sound(const struct harm *harm, const char *path)
{
    put(path, &harm->data, &harm->tail);
}

void
harm_put(const struct harm *harm, const char *path)
{
    put(path, &harm->data_now, &harm->tail_now);
}

void
harm_put_in_place(const struct harm *harm, const char *path)
{
    write_all(in(path, "data.mdb"), &harm->data_now, 0);
}
