/*
 * tail_damage_test.c - the tail of a journal whose process has died, damaged.
 *
 * An open says JOURNAL_CORRUPT and leaves the files alone, or gives the right
 * answer, and the same one in all ways of opening.  After durable appends that
 * is all there is: each frame says how far its elders had been flushed, so one
 * that is missing before it is missed.  About what was flushed last there is no
 * younger frame: damage to it looks as a write that a crash has torn, and is
 * taken for that.  Relaxed appends that nobody has flushed are a prefix.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/remains.h"
#include "support/fast_dir.h"

#define OLDER 700u  /* frames of an earlier process are once round the ring */
#define SMALL 24u   /* frames are damaged, */
#define BATCH 3u    /* of them are one batch, */
#define BEFORE 9u   /* behind so many */
#define MOST 1000u  /* entries in all */
#define MARGIN 900u /* bytes of frames before the end of the ring */

static const uint32_t ways[] = {JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE,
                                JOURNAL_OPEN_READ_ONLY, 0};

/* The journal as its process has left it. */
static struct {
    uint32_t durability;
    uint64_t first; /* entries below have been pruned */
    uint64_t small; /* those from here on are in the tail alone */
    uint64_t count;
    unsigned size[MOST]; /* of their values */
    struct remains files;
    struct bytes tail; /* to be damaged */
    struct frame_place places[MOST];
    unsigned cases;
} old;

/* ---- entries ------------------------------------------------------------ */

struct text {
    char key[16];
    char value[16384];
};

static struct journal_record
record_of(uint64_t number, struct text *text)
{
    struct journal_record one;
    unsigned size = number < old.count ? old.size[number] : 20;

    (void)sprintf(text->key, "key %u", (unsigned)(number % 5));
    memset(text->value, 'a' + (int)(number % 26), size);
    text->value[size] = '\0';
    one = record(number % 7 == 3 ? NULL : text->key, text->value);
    if (number % 11 == 5 && one.key_size > 0) {
        one.flags = JOURNAL_TOMBSTONE;
        one.value_size = 0;
    }
    return one;
}

static void
append_numbers(struct journal *to, uint64_t from, uint64_t count)
{
    struct journal_record records[BATCH];
    static struct text texts[BATCH];
    uint64_t seq;

    ck_assert_uint_le(count, BATCH);
    for (uint64_t i = 0; i < count; i++)
        records[i] = record_of(from + i, &texts[i]);
    ck_assert_int_eq(journal_append_batch(to, records, count, &seq), 0);
    ck_assert_uint_eq(seq, from);
}

static void
assert_number(const struct journal_entry *entry, uint64_t number)
{
    static struct text text;
    struct journal_record one = record_of(number, &text);

    if (entry->seq != number || entry->flags != one.flags ||
        entry->key_size != one.key_size ||
        entry->value_size != one.value_size ||
        memcmp(entry->key, text.key, one.key_size) != 0 ||
        memcmp(entry->value, text.value, one.value_size) != 0)
        ck_abort_msg("entry %llu is not number %llu",
                     (unsigned long long)entry->seq,
                     (unsigned long long)number);
}

/* All below SIZE that is retained, and nothing else. */
static void
assert_numbers(struct journal *in, uint64_t size)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    uint64_t number = old.first;
    int rc;

    ck_assert_uint_eq(figures(in).size, size);
    ck_assert_int_eq(journal_replay(in, JOURNAL_NONE, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0)
        assert_number(entry, number++);
    ck_assert_int_eq(rc, JOURNAL_END);
    ck_assert_uint_eq(number, size);
    journal_cursor_close(cursor);
}

/* ---- the process that dies ---------------------------------------------- */

static struct journal *
open_old(uint32_t flags)
{
    struct journal *opened = NULL;
    int rc = remains_open(&opened, old.durability, flags);

    ck_assert_msg(rc == 0, "open: %s", journal_errname(rc));
    return opened;
}

/* Its first two go to the store, and open the tail. */
static void
append_and_die(void *unused)
{
    struct journal *mine = open_old(0);
    uint64_t batch = old.small + BEFORE;

    (void)unused;
    for (uint64_t number = old.small - 2; number < old.count; number++) {
        append_numbers(mine, number, number == batch ? BATCH : 1);
        if (number == batch)
            number += BATCH - 1;
    }
    (void)raise(SIGKILL);
}

/* Bytes of the ring behind the frame of entry NUMBER. */
static size_t
left_behind(uint64_t number)
{
    struct remains remains = remains_take();
    struct frame_place place;

    ck_assert(remains_find(&remains.tail, number, &place));
    remains_free(&remains);
    return REMAINS_TAIL - (place.at + place.size) % REMAINS_TAIL;
}

/* Frames once round the ring and almost to its end, in the store by now. */
static void
live_before(void)
{
    struct journal *mine = open_old(0);
    uint64_t number = 0;
    size_t left;

    while (number < OLDER)
        append_numbers(mine, number++, 1);
    while ((left = left_behind(number - 1)) > 2 * MARGIN) {
        left = left - MARGIN < 12000 ? left - MARGIN : 12000;
        old.size[number] = (unsigned)left - 100;
        append_numbers(mine, number++, 1);
    }
    old.first = number - 2;
    ck_assert_int_eq(journal_prune(mine, old.first, 0, NULL), 0);
    journal_close(mine);
    old.small = number;
}

static void
find_frames(void)
{
    for (uint64_t number = old.small; number < old.count; number++)
        ck_assert(remains_find(&old.files.tail, number, &old.places[number]));
}

static void
prepare(uint32_t durability, bool before)
{
    memset(&old, 0, sizeof(old));
    old.durability = durability;
    for (unsigned i = 0; i < MOST; i++)
        old.size[i] = i * 37 % 90;
    old.count = MOST;
    if (before)
        live_before();
    old.small += 2;
    old.count = old.small + SMALL;
    remains_die(append_and_die, NULL);
    old.files = remains_take();
    old.tail = (struct bytes){malloc(old.files.tail.size + 1),
                              old.files.tail.size};
    memcpy(old.tail.data, old.files.tail.data, old.tail.size);
    find_frames();
    /* They go over the end of the ring. */
    ck_assert(!before ||
              old.places[old.small].at > old.places[old.count - 1].at);
}

/* Twice durable, twice relaxed; the tail new, or round and over the end. */
static void
prepare_loop(int i)
{
    prepare(i < 2 ? JOURNAL_DURABLE : JOURNAL_RELAXED, i % 2 == 1);
}

static void
teardown(void)
{
    remains_free(&old.files);
    free(old.tail.data);
    test_teardown();
}

/* ---- what an open may say ----------------------------------------------- */

/* Appends go on, through the store and a tail, and all is there afterwards. */
static void
go_on(uint64_t size)
{
    struct journal *mine = open_old(0);

    assert_numbers(mine, size);
    for (unsigned i = 0; i < 3; i++)
        append_numbers(mine, size + i, 1);
    journal_close(mine);
    mine = open_old(JOURNAL_OPEN_READ_ONLY);
    assert_numbers(mine, size + 3);
    journal_close(mine);
}

static void
assert_way(uint32_t flags, int expected, uint64_t size)
{
    struct journal *mine = NULL;
    int rc = remains_open(&mine, old.durability, flags);

    if (rc != expected)
        ck_abort_msg("open with flags %u: %s", flags, journal_errname(rc));
    if (rc == 0)
        assert_numbers(mine, size);
    if (rc != 0 || flags != 0)
        remains_assert(&old.files.data, &old.tail);
    journal_close(mine);
}

/* The files are damaged: every way to open them says EXPECTED, or has SIZE. */
static void
assert_open(int expected, uint64_t size)
{
    size_t count = COUNT_OF(ways);

    /* To write is what takes longest. */
    if (old.cases++ % 8 != 0 && test_scale() < 8)
        count--;
    for (size_t i = 0; i < count; i++)
        assert_way(ways[i], expected, size);
    if (count < COUNT_OF(ways) || expected != 0)
        return;
    go_on(size);
    remains_put(&old.files.data, &old.tail);
}

/* What is left if the frame of entry NUMBER is the first that is damaged. */
static uint64_t
left_before(uint64_t number)
{
    uint64_t batch = old.small + BEFORE;

    return number > batch && number < batch + BATCH ? batch : number;
}

static void
assert_without(uint64_t number)
{
    bool flushed = old.durability == JOURNAL_DURABLE && number < old.count - 1;

    assert_open(flushed ? JOURNAL_CORRUPT : 0, left_before(number));
}

/* ---- flipped bytes ------------------------------------------------------ */

static size_t
in_file(size_t at)
{
    return REMAINS_HEADER + at % REMAINS_TAIL;
}

static void
change(size_t place, char byte)
{
    FILE *file = fopen(test_path("journal/tail"), "r+b");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, (long)place, SEEK_SET), 0);
    ck_assert_int_eq(fputc(byte, file), (unsigned char)byte);
    ck_assert_int_eq(fclose(file), 0);
    old.tail.data[place] = byte;
}

static void
flip(size_t place)
{
    change(place, (char)(old.tail.data[place] ^ (1 << place % 8)));
}

static size_t
stride(size_t at_scale_1)
{
    double scaled = (double)at_scale_1 / test_scale();

    return scaled > 1 ? (size_t)scaled | 1 : 1;
}

START_TEST(a_flipped_byte_of_the_header_is_corrupt)
{
    size_t step = stride(3);

    prepare_loop(_i);
    remains_put(&old.files.data, &old.tail);
    for (size_t at = 0; at < REMAINS_HEADER; at += at < 80 ? step : 97 * step) {
        flip(at);
        assert_open(JOURNAL_CORRUPT, 0);
        flip(at);
    }
    assert_open(0, old.count);
}
END_TEST

static void
flip_in_frame(uint64_t number, size_t step)
{
    const struct frame_place *place = &old.places[number];

    for (size_t i = 0; i < place->size; i += i == 0 ? 1 : step) {
        flip(in_file(place->at + i));
        if (i < place->exact)
            assert_without(number);
        else
            assert_open(0, old.count);
        flip(in_file(place->at + i));
    }
}

START_TEST(a_flipped_byte_of_a_frame_is_missed_or_the_end)
{
    prepare_loop(_i);
    remains_put(&old.files.data, &old.tail);
    for (uint64_t number = old.small; number < old.count; number++)
        flip_in_frame(number, stride(number < old.count - 1 ? 17 : 5));
    assert_open(0, old.count);
}
END_TEST

/* Whether the byte AT belongs to a frame that matters. */
static bool
is_in_use(size_t at)
{
    for (uint64_t number = old.small; number < old.count; number++) {
        const struct frame_place *place = &old.places[number];

        if ((at + REMAINS_TAIL - place->at) % REMAINS_TAIL < place->size)
            return true;
    }
    return false;
}

/* The last frame that is in the store by now shows that the two belong so. */
START_TEST(a_flipped_byte_elsewhere_is_nothing_or_corrupt)
{
    size_t step = stride(611);

    prepare_loop(_i);
    remains_put(&old.files.data, &old.tail);
    for (size_t at = 0; at < REMAINS_TAIL; at += step) {
        struct journal *mine = NULL;
        int rc;

        if (is_in_use(at))
            continue;
        flip(in_file(at));
        rc = remains_open(&mine, old.durability, ways[0]);
        journal_close(mine);
        assert_open(rc == 0 ? 0 : JOURNAL_CORRUPT, old.count);
        flip(in_file(at));
    }
}
END_TEST

/* ---- more than a byte --------------------------------------------------- */

/* Zeros are what a file system may leave of blocks that it has lost. */
static void
wipe_out(size_t at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        old.tail.data[in_file(at + i)] = 0;
    remains_put(&old.files.data, &old.tail);
}

static void
restore(void)
{
    memcpy(old.tail.data, old.files.tail.data, old.tail.size);
    remains_put(&old.files.data, &old.tail);
}

START_TEST(a_frame_that_is_gone_is_missed_or_the_end)
{
    prepare_loop(_i);
    for (uint64_t number = old.small; number < old.count; number++) {
        wipe_out(old.places[number].at, old.places[number].size);
        assert_without(number);
        restore();
    }
    assert_open(0, old.count);
}
END_TEST

/* Of what nothing is left nobody can tell; what there is, is right. */
START_TEST(when_all_from_a_frame_on_is_gone_the_others_are_there)
{
    prepare_loop(_i);
    for (uint64_t number = old.count - 1; number >= old.small; number--) {
        const struct frame_place *place = &old.places[number];

        wipe_out(place->at + place->size / 2, place->size - place->size / 2);
        if (number == old.count - 1 || old.durability == JOURNAL_RELAXED)
            assert_without(number);
        wipe_out(place->at, place->size);
        assert_open(0, left_before(number));
    }
}
END_TEST

/* Two that were flushed and have changed places are as bad as none. */
START_TEST(frames_at_each_other_s_place_are_none)
{
    prepare_loop(_i);
    for (uint64_t number = old.small + 1; number < old.count; number++) {
        const struct frame_place *to = &old.places[number];
        const struct frame_place *from = &old.places[number - 1];

        for (size_t i = 0; i < to->size; i++)
            old.tail.data[in_file(to->at + i)] =
                old.files.tail.data[in_file(from->at + i)];
        remains_put(&old.files.data, &old.tail);
        assert_without(number);
        restore();
    }
}
END_TEST

/* ---- cut short ---------------------------------------------------------- */

static void
assert_size(size_t size, int expected)
{
    size_t before = old.tail.size;

    ck_assert_int_eq(truncate(test_path("journal/tail"), (off_t)size), 0);
    old.tail.size = size;
    assert_open(expected, old.count);
    old.tail.size = before;
    remains_put(&old.files.data, &old.tail);
}

START_TEST(a_tail_of_any_other_size_is_corrupt)
{
    size_t whole, step = stride(509);

    prepare_loop(_i);
    remains_put(&old.files.data, &old.tail);
    whole = old.tail.size;
    for (size_t size = 0; size < whole; size += step)
        assert_size(size, JOURNAL_CORRUPT);
    for (uint64_t number = old.small; number < old.count; number++) {
        assert_size(in_file(old.places[number].at), JOURNAL_CORRUPT);
        assert_size(in_file(old.places[number].at) + 1, JOURNAL_CORRUPT);
    }
    assert_size(whole - 1, JOURNAL_CORRUPT);
    assert_size(whole, 0);
}
END_TEST

START_TEST(a_tail_that_has_grown_is_corrupt)
{
    static char room[REMAINS_HEADER + 2 * REMAINS_TAIL];

    prepare_loop(_i);
    memcpy(room, old.tail.data, old.tail.size);
    for (size_t more = 1; more <= REMAINS_TAIL; more *= 16) {
        struct bytes grown = {room, old.tail.size + more};

        remains_put(&old.files.data, &grown);
        for (size_t i = 0; i < COUNT_OF(ways); i++)
            ck_assert_int_eq(result_of_open(home(), ways[i]), JOURNAL_CORRUPT);
        remains_assert(&old.files.data, &grown);
    }
    restore();
    assert_open(0, old.count);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("tail damage");
    TCase *tcase = tcase_create("tail damage");

    tcase_set_timeout(tcase, 3600);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, test_setup, teardown);
    tcase_add_loop_test(tcase, a_flipped_byte_of_the_header_is_corrupt, 0, 4);
    tcase_add_loop_test(tcase, a_flipped_byte_of_a_frame_is_missed_or_the_end,
                        0, 4);
    tcase_add_loop_test(tcase, a_flipped_byte_elsewhere_is_nothing_or_corrupt,
                        0, 4);
    tcase_add_loop_test(tcase, a_frame_that_is_gone_is_missed_or_the_end, 0, 4);
    tcase_add_loop_test(tcase,
                        when_all_from_a_frame_on_is_gone_the_others_are_there,
                        0, 4);
    tcase_add_loop_test(tcase, frames_at_each_other_s_place_are_none, 0, 4);
    tcase_add_loop_test(tcase, a_tail_of_any_other_size_is_corrupt, 0, 4);
    tcase_add_loop_test(tcase, a_tail_that_has_grown_is_corrupt, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
