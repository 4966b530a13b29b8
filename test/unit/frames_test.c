/* frames_test.c - which frames of a damaged tail are entries of the journal. */
#include "repair/frames.h"

#include "format/links.h"
#include "format/record.h"
#include "support/test.h"
#include "unit/ring.h"

#define ROW 60u
#define FRAME UINT64_C(104) /* bytes that each takes */

/* A frame of one entry, or of none. */
struct put {
    uint64_t at; /* in frames from `start` on */
    uint64_t seq;
    uint64_t flushed; /* the same, as it says; all before it: its own place */
    unsigned run;
    unsigned flags;
    const char *fate; /* F: it follows, D: it was drained, -: neither */
};

static uint64_t start;

static size_t
encode_row(uint8_t *row, uint64_t seq)
{
    const struct jn_links links = {0, JOURNAL_NONE, JOURNAL_NONE, false, {0}};
    const struct jn_record record = {
        .value = {(const uint8_t *)"the value", 9}};
    uint8_t *end = jn_links_encode(row, &links, seq);

    jn_record_seal(end, jn_record_encode(end, &record), seq, seq);
    return (size_t)(end - row) + jn_record_size(&record);
}

static void
put(const struct put *said)
{
    uint8_t bytes[FRAME] = {0};
    struct jn_frame frame = {.flushed = start + said->flushed * FRAME,
                             .seq = said->seq,
                             .run = said->run,
                             .flags = said->flags};
    uint8_t *row = bytes + JN_FRAME_HEADER;
    size_t size = encode_row(row, said->seq);

    ck_assert_uint_le(size, ROW);
    frame.row = jn_span(row, size);
    frame.chain = jn_span(row + size, ROW - size);
    if ((said->flags & JN_FRAME_RUN) != 0) {
        frame.row.size = 0;
        frame.chain = jn_span(row, JN_FRAME_RUN_SIZE);
        jn_put_le32(row, said->run + 1);
    }
    jn_frame_seal(bytes, &frame, RING_SALT, start + said->at * FRAME);
    ck_assert_int_eq(jn_tail_write(ring.tail, start + said->at * FRAME, bytes,
                                   sizeof(bytes)),
                     0);
}

static void
assert_fate(const struct put *said, const struct jn_stray *found)
{
    bool run = (said->flags & JN_FRAME_RUN) != 0;

    ck_assert_uint_eq(found->position, start + said->at * FRAME);
    ck_assert_uint_eq(found->find.seq, said->seq);
    ck_assert_uint_eq(found->size, run ? JN_RUN_FRAME : FRAME);
    ck_assert_msg(found->follows == (*said->fate == 'F'), "frame at %u: %s",
                  (unsigned)said->at, said->fate);
    ck_assert_msg(found->drained == (*said->fate == 'D'), "frame at %u: %s",
                  (unsigned)said->at, said->fate);
}

/* As they lie from START on, found by ROW, become what they should. */
static void
assert_fates(const struct put *list, size_t count,
             const struct jn_tail_row *row)
{
    struct jn_frames frames = {NULL, 0, 0};

    for (size_t i = 0; i < count; i++)
        put(&list[i]);
    ck_assert_int_eq(jn_frames_find(&frames, ring.tail, row), 0);
    ck_assert_uint_eq(frames.count, count);
    for (size_t i = 0; i < count; i++)
        assert_fate(&list[i], &frames.list[i]);
    jn_frames_free(&frames);
}

#define ASSERT_FATES(list, row)                                                \
    assert_fates(list, sizeof(list) / sizeof((list)[0]), row)

static struct jn_tail_row
row_from(uint64_t at, uint64_t next)
{
    return (struct jn_tail_row){.open = true,
                                .run = 7,
                                .salt = RING_SALT,
                                .capacity = RING_CAPACITY,
                                .start = start + at * FRAME,
                                .next = next};
}

/* From one lap of the ring into the next. */
static void
setup(void)
{
    ring_setup();
    start = RING_CAPACITY * 5 - 3 * FRAME - FRAME / 2;
    start -= start % 8;
}

/* ---- behind the start ---------------------------------------------------- */

START_TEST(frames_follow_on_one_another)
{
    const struct put list[] = {
        {0, 10, 0, 7, 0, "F"}, {1, 11, 0, 7, 0, "F"}, {2, 12, 2, 7, 0, "F"},
        {3, 13, 2, 7, 0, "F"}, {4, 14, 2, 7, 0, "F"},
    };
    struct jn_tail_row row = row_from(0, 10);

    ASSERT_FATES(list, &row);
}
END_TEST

START_TEST(what_another_run_or_lap_has_left_does_not)
{
    const struct put list[] = {
        {0, 10, 0, 7, 0, "F"}, {1, 11, 0, 7, 0, "F"}, {2, 12, 0, 6, 0, "-"},
        {3, 13, 0, 7, 0, "-"}, {4, 17, 0, 7, 0, "-"},
    };
    struct jn_tail_row row = row_from(0, 10);

    ASSERT_FATES(list, &row);
}
END_TEST

/*
 * The index is ahead: all that lies below was on the disk, though no frame says
 * so, and though the last batch has lost its end.
 */
START_TEST(what_the_index_is_ahead_of_follows_on_whatever_is_damaged)
{
    const unsigned more = JN_FRAME_MORE;
    const struct put list[] = {
        {0, 10, 0, 7, 0, "F"},    {2, 12, 0, 7, 0, "F"},
        {3, 13, 0, 7, 0, "F"},    {6, 16, 0, 7, more, "F"},
        {7, 17, 0, 7, more, "F"}, {9, 19, 0, 7, 0, "-"},
    };
    struct jn_tail_row row = row_from(0, 10);

    row.ahead = 19;
    row.ahead_end = start + 9 * FRAME;
    row.keyed = JN_ALL_KEYED;
    ASSERT_FATES(list, &row);
}
END_TEST

START_TEST(behind_what_the_index_is_ahead_of_frames_need_a_witness)
{
    const struct put list[] = {
        {0, 10, 0, 7, 0, "F"}, {1, 11, 0, 7, 0, "F"}, {2, 12, 0, 7, 0, "F"},
        {4, 14, 4, 7, 0, "F"}, {5, 15, 3, 7, 0, "F"}, {7, 17, 3, 7, 0, "-"},
    };
    struct jn_tail_row row = row_from(0, 10);

    row.ahead = 12;
    row.ahead_end = start + 2 * FRAME;
    ASSERT_FATES(list, &row);
}
END_TEST

START_TEST(a_number_too_high_does_not)
{
    const struct put list[] = {{0, 10, 0, 7, 0, "F"}, {1, 12, 0, 7, 0, "-"}};
    struct jn_tail_row row = row_from(0, 10);

    ASSERT_FATES(list, &row);
}
END_TEST

START_TEST(a_run_frame_leads_from_one_run_to_the_next)
{
    const struct put list[] = {
        {0, 10, 0, 7, 0, "F"},
        {1, 11, 0, 7, JN_FRAME_RUN, "F"},
    };
    struct jn_tail_row row = row_from(0, 10);

    ASSERT_FATES(list, &row);
}
END_TEST

START_TEST(what_is_gone_had_been_flushed_says_a_later_frame)
{
    /* The next one says so itself; */
    const struct put next[] = {{0, 10, 0, 7, 0, "F"},
                               {2, 12, 2, 7, 0, "F"},
                               {3, 13, 2, 7, 0, "F"}};
    /* one that it had been flushed, too; */
    const struct put later[] = {{0, 10, 0, 7, 0, "F"},
                                {2, 12, 0, 7, 0, "F"},
                                {3, 13, 3, 7, 0, "F"}};
    /* one that follows on it; */
    const struct put behind[] = {{0, 10, 0, 7, 0, "F"},
                                 {2, 12, 0, 7, 0, "F"},
                                 {3, 13, 2, 7, 0, "F"}};
    /* one that does not, as there is a gap; */
    const struct put apart[] = {{0, 10, 0, 7, 0, "F"},
                                {2, 12, 0, 7, 0, "-"},
                                {4, 14, 2, 7, 0, "F"}};
    /* nobody. */
    const struct put none[] = {{0, 10, 0, 7, 0, "F"},
                               {2, 12, 0, 7, 0, "-"},
                               {3, 13, 1, 7, 0, "-"}};
    struct jn_tail_row row = row_from(0, 10);

    switch (_i) {
    case 0:
        ASSERT_FATES(next, &row);
        break;
    case 1:
        ASSERT_FATES(later, &row);
        break;
    case 2:
        ASSERT_FATES(behind, &row);
        break;
    case 3:
        ASSERT_FATES(apart, &row);
        break;
    default:
        ASSERT_FATES(none, &row);
    }
}
END_TEST

START_TEST(a_batch_without_its_end_was_acknowledged_to_nobody)
{
    const struct put list[] = {
        {0, 10, 0, 7, JN_FRAME_MORE, "F"}, {1, 11, 0, 7, 0, "F"},
        {2, 12, 0, 7, JN_FRAME_MORE, "-"}, {3, 13, 0, 7, JN_FRAME_MORE, "-"},
        {4, 14, 0, 7, JN_FRAME_RUN, "F"},
    };
    struct jn_tail_row row = row_from(0, 10);

    ASSERT_FATES(list, &row);
}
END_TEST

START_TEST(a_whole_batch_may_lack_its_end)
{
    const struct put list[] = {{0, 10, 0, 7, JN_FRAME_MORE, "-"},
                               {1, 11, 0, 7, JN_FRAME_MORE, "-"}};
    struct jn_tail_row row = row_from(0, 10);

    ASSERT_FATES(list, &row);
}
END_TEST

/* ---- elsewhere ----------------------------------------------------------- */

START_TEST(what_lies_before_the_start_was_drained)
{
    const struct put list[] = {
        {0, 10, 0, 7, 0, "D"},
        {1, 11, 0, 7, 0, "D"},
        {2, 12, 0, 7, 0, "F"},
        {3, 13, 0, 7, 0, "F"},
    };
    struct jn_tail_row row = row_from(2, 12);

    ASSERT_FATES(list, &row);
}
END_TEST

START_TEST(of_a_tail_that_is_closed_all_was_drained)
{
    const struct put list[] = {{0, 10, 0, 7, 0, "D"}, {1, 11, 0, 7, 0, "D"}};
    struct jn_tail_row row = row_from(0, 10);

    row.open = false;
    ASSERT_FATES(list, &row);
}
END_TEST

START_TEST(numbers_that_go_back_had_been_taken_back)
{
    const struct put list[] = {
        {0, 10, 0, 7, 0, "F"}, {1, 11, 0, 7, 0, "-"}, {2, 12, 0, 7, 0, "-"},
        {4, 11, 4, 7, 0, "F"}, {5, 12, 4, 7, 0, "F"},
    };

    ASSERT_FATES(list, NULL);
}
END_TEST

START_TEST(without_a_start_the_first_run_of_frames_is_taken)
{
    const struct put list[] = {
        {1, 11, 0, 7, 0, "F"},
        {2, 12, 0, 7, 0, "F"},
        {3, 3, 0, 7, 0, "-"},
    };

    ASSERT_FATES(list, NULL);
}
END_TEST

START_TEST(where_there_are_none_there_is_nothing)
{
    struct jn_tail_row row = row_from(0, 10);

    assert_fates(NULL, 0, NULL);
    assert_fates(NULL, 0, &row);
}
END_TEST

START_TEST(a_frame_of_what_is_no_entry_is_none)
{
    const struct put list[] = {{0, 10, 0, 7, 0, "F"}};
    struct jn_tail_row row = row_from(0, 10);

    ring_put(start + FRAME, 11, 7, ROW - 5, 5);
    ASSERT_FATES(list, &row);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("frames");
    TCase *tcase = tcase_create("frames");

    tcase_add_checked_fixture(tcase, setup, ring_teardown);
    tcase_add_test(tcase, frames_follow_on_one_another);
    tcase_add_test(tcase, what_another_run_or_lap_has_left_does_not);
    tcase_add_test(tcase,
                   what_the_index_is_ahead_of_follows_on_whatever_is_damaged);
    tcase_add_test(tcase,
                   behind_what_the_index_is_ahead_of_frames_need_a_witness);
    tcase_add_test(tcase, a_number_too_high_does_not);
    tcase_add_test(tcase, a_run_frame_leads_from_one_run_to_the_next);
    tcase_add_loop_test(tcase, what_is_gone_had_been_flushed_says_a_later_frame,
                        0, 5);
    tcase_add_test(tcase, a_batch_without_its_end_was_acknowledged_to_nobody);
    tcase_add_test(tcase, a_whole_batch_may_lack_its_end);
    tcase_add_test(tcase, what_lies_before_the_start_was_drained);
    tcase_add_test(tcase, of_a_tail_that_is_closed_all_was_drained);
    tcase_add_test(tcase, numbers_that_go_back_had_been_taken_back);
    tcase_add_test(tcase, without_a_start_the_first_run_of_frames_is_taken);
    tcase_add_test(tcase, where_there_are_none_there_is_nothing);
    tcase_add_test(tcase, a_frame_of_what_is_no_entry_is_none);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
