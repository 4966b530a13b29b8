/*
 * recovery_fuzz.c - a journal is opened whose tail is not what it was.
 *
 * The journal is that of test/data/format-2, whose last writer was killed.  An
 * input is changes of its tail, of 5 bytes each: what is done, where (2 bytes,
 * little endian, from the first byte of a frame on), and with what.  Among them
 * is that a frame gets the checks that fit what it says by now: by chance none
 * would ever be right.
 */
#include <journal.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "fuzz.h"
#include "tail/tail.h"

#define ENTRIES_MAX 64u
#define FRAMES_MAX 64u
#define SALT_AT 48u

struct file {
    uint8_t *bytes;
    size_t size;
};

/* As it was left, and what was in it. */
static struct file data_file, tail_file;
static struct journal_entry *entries[ENTRIES_MAX];
static uint64_t first, end, stored;
/* Where in the file its frames are; the ring has not gone round yet. */
static size_t frames[FRAMES_MAX];
static unsigned frame_count;
static size_t frames_end;

static char home[512];

/* ---- files --------------------------------------------------------------- */

static const char *
path_of(const char *directory, const char *name)
{
    static char path[PATH_MAX + NAME_MAX + 2];

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static struct file
read_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    struct file file = {NULL, 0};

    fuzz_check(in != NULL && fseek(in, 0, SEEK_END) == 0, path);
    file.size = (size_t)ftell(in);
    file.bytes = malloc(file.size);
    rewind(in);
    fuzz_check(file.bytes != NULL &&
                   fread(file.bytes, 1, file.size, in) == file.size,
               path);
    (void)fclose(in);
    return file;
}

static void
write_file(const char *name, const struct file *file)
{
    FILE *out = fopen(path_of(home, name), "wb");

    fuzz_check(out != NULL &&
                   fwrite(file->bytes, 1, file->size, out) == file->size &&
                   fclose(out) == 0,
               "a file is written");
}

static void
empty_home(void)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "journal.lock",
                                        "tail", "tail.new"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)unlink(path_of(home, names[i]));
    fuzz_check(rmdir(home) == 0, "nothing else is left");
}

/* ---- what is there ------------------------------------------------------- */

static int
open_it(struct journal **journal, uint32_t flags)
{
    struct journal_options options;

    journal_options_init(&options);
    options.flags = flags;
    options.tail_bytes = JN_TAIL_MIN;
    return journal_open(home, &options, journal);
}

static struct journal_stat
figures(struct journal *journal)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    fuzz_check(journal_stat(journal, &stat) == 0, "there are figures");
    return stat;
}

static bool
is_same(const struct journal_entry *a, const struct journal_entry *b)
{
    return a->seq == b->seq && a->time == b->time && a->flags == b->flags &&
           memcmp(&a->stamp, &b->stamp, sizeof(a->stamp)) == 0 &&
           jn_span_equal(jn_span(a->key, a->key_size),
                         jn_span(b->key, b->key_size)) &&
           jn_span_equal(jn_span(a->meta, a->meta_size),
                         jn_span(b->meta, b->meta_size)) &&
           jn_span_equal(jn_span(a->value, a->value_size),
                         jn_span(b->value, b->value_size));
}

/* Each entry is the one that was appended, or is said to be damaged. */
static void
check_entries(struct journal *journal)
{
    struct journal_stat stat = figures(journal);
    struct journal_entry *entry;

    fuzz_check(stat.first == first, "it begins where it began");
    fuzz_check(stat.size >= stored && stat.size <= end, "it ends where it may");
    for (uint64_t seq = first; seq < stat.size; seq++) {
        int rc = journal_read(journal, seq, &entry);

        fuzz_check(rc == 0 || (rc == JOURNAL_CORRUPT && seq >= stored),
                   "it is read, or damaged");
        if (rc != 0)
            continue;
        fuzz_check(is_same(entry, entries[seq]), "it is what was appended");
        journal_entry_free(entry);
    }
}

/* ---- what is done to it -------------------------------------------------- */

/* The frame that begins at AT gets the checks that it should have. */
static void
seal(struct file *tail, size_t at)
{
    uint8_t *frame = tail->bytes + at;
    uint64_t seed = jn_get_le64(tail->bytes + SALT_AT) + at - JN_TAIL_HEADER;
    uint64_t size = JN_FRAME_HEADER + (uint64_t)jn_get_le32(frame + 28) +
                    (jn_get_le32(frame + 32) & UINT16_MAX);

    if (size > tail->size - at)
        return;
    jn_put_le32(frame + 36, (uint32_t)jn_hash64(jn_span(frame + 8, 28), seed));
    jn_put_le64(frame, jn_hash64(jn_span(frame + 8, (size_t)size - 8), seed));
}

static void
change(struct file *tail, const uint8_t *deed)
{
    size_t frame = frames[deed[1] % frame_count];
    size_t at = frame + deed[2], where = jn_get_le32(deed + 1) & UINT16_MAX;

    switch (deed[0] % 6) {
    case 0:
        if (at < tail->size)
            tail->bytes[at] = deed[3];
        break;
    case 1:
        if (at < tail->size)
            tail->bytes[at] ^= (uint8_t)(1u << deed[3] % 8);
        break;
    case 2:
        if (frame + JN_FRAME_HEADER <= tail->size)
            seal(tail, frame);
        break;
    case 3: /* a frame, and what follows it, in the place of another */
        at = frames[deed[2] % frame_count];
        where = (size_t)deed[3] * 8;
        if (frame + where <= tail->size && at + where <= tail->size)
            memmove(tail->bytes + frame, tail->bytes + at, where);
        break;
    case 4: /* what a crash has not brought to the disk */
        where -= where % 512;
        if (where + 512 <= tail->size)
            memset(tail->bytes + where, deed[3] % 2 == 0 ? 0 : 0xff, 512);
        break;
    default:
        if (deed[3] == 0 && where < tail->size)
            tail->size = where;
    }
}

/* ---- once ---------------------------------------------------------------- */

static void
find_frames(void)
{
    struct jn_frame frame;
    uint64_t salt = jn_get_le64(tail_file.bytes + SALT_AT);

    for (size_t at = JN_TAIL_HEADER; at < tail_file.size; at += 8) {
        struct jn_span rest = {tail_file.bytes + at, tail_file.size - at};
        size_t size;

        if (frame_count == FRAMES_MAX ||
            jn_frame_decode(&frame, rest, salt, at - JN_TAIL_HEADER, &size) !=
                0)
            continue;
        frames[frame_count++] = at;
        frames_end = at + size;
    }
    fuzz_check(frame_count > 10, "there are frames");
}

/* The number of the first entry that is in the tail alone, whose USED bytes. */
static uint64_t
first_in_tail(uint64_t used)
{
    for (unsigned i = 0; i < frame_count; i++)
        if (frames[i] >= frames_end - used)
            return jn_get_le64(tail_file.bytes + frames[i] + 16);
    return 0;
}

static void
make_home(const struct file *tail)
{
    fuzz_directory(home, sizeof(home), "recovery-fuzz");
    write_file("data.mdb", &data_file);
    write_file("tail", tail);
}

static void
prepare(void)
{
    const char *root = getenv("TEST_ROOT");
    char source[PATH_MAX];
    struct journal *journal;
    struct journal_stat stat;

    (void)snprintf(source, sizeof(source), "%s/test/data/format-2",
                   root == NULL ? "." : root);
    data_file = read_file(path_of(source, "data.mdb"));
    tail_file = read_file(path_of(source, "tail"));
    find_frames();
    make_home(&tail_file);
    fuzz_check(open_it(&journal,
                       JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE) == 0,
               "it is as it was");
    stat = figures(journal);
    first = stat.first;
    end = stat.size;
    stored = first_in_tail(stat.tail_bytes_used);
    fuzz_check(end <= ENTRIES_MAX && stored > first && stored < end,
               "some are in the tail");
    for (uint64_t seq = first; seq < end; seq++)
        fuzz_check(journal_read(journal, seq, &entries[seq]) == 0, "it reads");
    journal_close(journal);
    empty_home();
}

/* ---- each time ----------------------------------------------------------- */

/* What was recovered stays, also if somebody goes on from there. */
static void
go_on(struct journal *journal, uint64_t size)
{
    uint64_t seq = 0;
    int rc = journal_append(journal, "more", 4, "and more", 8, &seq);

    fuzz_check(rc == 0 || rc == JOURNAL_CORRUPT, "it goes on, or is damaged");
    fuzz_check(rc != 0 || seq == size, "from where it was");
    journal_close(journal);
    rc = open_it(&journal, 0);
    fuzz_check(rc == 0 || rc == JOURNAL_CORRUPT, "and on, or is damaged");
    if (rc != 0)
        return;
    fuzz_check(figures(journal).size >= size, "nothing gets lost on the way");
    journal_close(journal);
}

static void
check_recovery(void)
{
    struct journal *journal;
    int seen = open_it(&journal,
                       JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE);
    uint64_t size = 0;
    int rc;

    fuzz_check(seen == 0 || seen == JOURNAL_CORRUPT, "it opens, or is damaged");
    if (seen == 0) {
        check_entries(journal);
        size = figures(journal).size;
        journal_close(journal);
    }
    rc = open_it(&journal, 0);
    fuzz_check(rc == seen, "it opens for writers as for readers");
    if (rc != 0)
        return;
    fuzz_check(figures(journal).size == size, "with the same size");
    check_entries(journal);
    go_on(journal, size);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    struct file tail;

    if (frame_count == 0)
        prepare();
    tail = (struct file){malloc(tail_file.size), tail_file.size};
    fuzz_check(tail.bytes != NULL, "there is memory");
    memcpy(tail.bytes, tail_file.bytes, tail.size);
    for (; size >= 5; size -= 5, data += 5)
        change(&tail, data);
    make_home(&tail);
    free(tail.bytes);
    check_recovery();
    empty_home();
    return 0;
}
