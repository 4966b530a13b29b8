/* open_test.c - journal_open(): what it creates, and what options ask for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/mode.h"

START_TEST(init_fills_in_the_defaults)
{
    struct journal_options options;

    memset(&options, 0xa5, sizeof(options));
    journal_options_init(&options);
    ck_assert_uint_eq(options.struct_size, sizeof(options));
    ck_assert_uint_eq(options.flags, 0);
    ck_assert_uint_eq(options.mode, 0640);
    ck_assert_uint_eq(options.durability, JOURNAL_DURABLE);
    ck_assert_uint_eq(options.first_seq, 0);
    ck_assert_uint_eq(options.bytes_max, 0);
    ck_assert_uint_eq(options.keep_entries, 0);
    ck_assert_uint_eq(options.keep_bytes, 0);
    ck_assert_uint_eq(options.keep_ns, 0);
    ck_assert_uint_eq(options.tail_bytes, 0);
}
END_TEST

START_TEST(the_structs_have_the_layout_that_other_languages_declare)
{
    ck_assert_uint_eq(sizeof(struct journal_options), 64);
    ck_assert_uint_eq(sizeof(struct journal_stamp), 24);
    ck_assert_uint_eq(sizeof(struct journal_stat), 152);
    if (sizeof(void *) == 8) {
        ck_assert_uint_eq(sizeof(struct journal_record), 96);
        ck_assert_uint_eq(sizeof(struct journal_entry), 112);
    }
}
END_TEST

/* ---- create ------------------------------------------------------------- */

START_TEST(open_creates_the_directory_and_an_empty_journal)
{
    journal = open_path(home(), 0);
    ck_assert(exists(home()));
    ck_assert_uint_eq(figures(journal).size, 0);
    ck_assert_uint_eq(append("key", "value"), 0);
}
END_TEST

START_TEST(null_options_are_the_defaults)
{
    mode_t before = umask(022);

    ck_assert_int_eq(journal_open(home(), NULL, &journal), 0);
    umask(before);
    append("key", "value");
    ck_assert_uint_eq(mode_of(home()), 0750);
    ck_assert_uint_eq(figures(journal).bytes_max, 0);
}
END_TEST

START_TEST(an_empty_directory_becomes_a_journal)
{
    ck_assert_int_eq(mkdir(home(), 0777), 0);
    journal = open_path(home(), 0);
    ck_assert_uint_eq(append(NULL, ""), 0);
}
END_TEST

START_TEST(one_level_of_directories_is_created_and_no_more)
{
    ck_assert_int_eq(result_of_open(test_path("a/b"), 0), ENOENT);
    ck_assert(!exists(test_path("a")));
}
END_TEST

START_TEST(what_was_created_is_there_when_opened_again)
{
    uint8_t id[16];

    journal = open_path(home(), 0);
    append("key", "value");
    memcpy(id, figures(journal).id, sizeof(id));
    reopen();
    assert_value("key", "value");
    ck_assert_mem_eq(figures(journal).id, id, sizeof(id));
}
END_TEST

START_TEST(a_file_in_the_place_of_the_directory_is_refused_and_left)
{
    struct bytes before;
    int rc;

    write_bytes(home(), "mine", 4);
    rc = result_of_open(home(), 0);
    ck_assert(rc == ENOTDIR || rc == JOURNAL_UNSUPPORTED);
    before = bytes_of(home());
    ck_assert_uint_eq(before.size, 4);
    ck_assert_mem_eq(before.data, "mine", 4);
    free(before.data);
}
END_TEST

START_TEST(a_refused_open_writes_no_handle)
{
    struct journal_options options = options_with(JOURNAL_OPEN_EXISTING);
    char mark;
    struct journal *opened = (struct journal *)(void *)&mark;

    ck_assert_int_eq(journal_open(home(), &options, &opened),
                     JOURNAL_NOT_FOUND);
    ck_assert_ptr_eq(opened, &mark);
}
END_TEST

START_TEST(a_refused_open_leaves_no_descriptor_open)
{
    unsigned before;

    write_bytes(test_path("file"), "", 0);
    journal = open_path(home(), 0);
    before = descriptors();
    result_of_open(test_path("none"), JOURNAL_OPEN_EXISTING);
    result_of_open(test_path("file"), 0);
    result_of_open(test_dir, 0);
    result_of_open(home(), JOURNAL_OPEN_NEW);
    ck_assert_uint_eq(descriptors(), before);
}
END_TEST

/* ---- flags -------------------------------------------------------------- */

START_TEST(existing_finds_no_journal_where_there_is_no_directory)
{
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_EXISTING),
                     JOURNAL_NOT_FOUND);
    ck_assert(!exists(home()));
}
END_TEST

START_TEST(existing_finds_no_journal_in_an_empty_directory)
{
    struct bytes before;

    ck_assert_int_eq(mkdir(home(), 0777), 0);
    before = picture_of(home());
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_EXISTING),
                     JOURNAL_NOT_FOUND);
    assert_picture(home(), &before);
}
END_TEST

START_TEST(existing_opens_what_is_there)
{
    ck_assert_int_eq(result_of_open(home(), 0), 0);
    journal = open_path(home(), JOURNAL_OPEN_EXISTING);
    append("key", "value");
    assert_value("key", "value");
}
END_TEST

START_TEST(new_creates)
{
    journal = open_path(home(), JOURNAL_OPEN_NEW);
    append("key", "value");
    assert_value("key", "value");
}
END_TEST

START_TEST(new_creates_in_an_empty_directory)
{
    ck_assert_int_eq(mkdir(home(), 0777), 0);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_NEW), 0);
}
END_TEST

START_TEST(new_says_that_a_journal_exists_and_leaves_it)
{
    journal = open_path(home(), JOURNAL_OPEN_NEW);
    append("key", "value");
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_NEW), JOURNAL_EXISTS);
    reopen();
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_NEW), JOURNAL_EXISTS);
    assert_value("key", "value");
}
END_TEST

START_TEST(read_only_never_creates)
{
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_READ_ONLY),
                     JOURNAL_NOT_FOUND);
    ck_assert(!exists(home()));
    ck_assert_int_eq(mkdir(home(), 0777), 0);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_READ_ONLY),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(rmdir(home()), 0);
}
END_TEST

START_TEST(immutable_never_creates)
{
    uint32_t flags = JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE;

    ck_assert_int_eq(result_of_open(home(), flags), JOURNAL_NOT_FOUND);
    ck_assert(!exists(home()));
    ck_assert_int_eq(mkdir(home(), 0777), 0);
    ck_assert_int_eq(result_of_open(home(), flags), JOURNAL_NOT_FOUND);
    ck_assert_int_eq(rmdir(home()), 0);
}
END_TEST

static const uint32_t bad_flags[] = {
    JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_NEW,
    JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_EXCLUSIVE,
    JOURNAL_OPEN_EXISTING | JOURNAL_OPEN_NEW,
    JOURNAL_OPEN_IMMUTABLE,
    JOURNAL_OPEN_IMMUTABLE | JOURNAL_OPEN_EXISTING,
    JOURNAL_OPEN_IMMUTABLE | JOURNAL_OPEN_NEW,
    JOURNAL_OPEN_IMMUTABLE | JOURNAL_OPEN_EXCLUSIVE,
    JOURNAL_OPEN_IMMUTABLE | JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_NEW,
    JOURNAL_OPEN_IMMUTABLE | JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_EXCLUSIVE,
    1u << 5,
    1u << 16,
    1u << 31,
    JOURNAL_OPEN_READ_ONLY | 1u << 6,
};

START_TEST(flags_that_contradict_or_are_unknown_are_a_mistake)
{
    ck_assert_int_eq(result_of_open(home(), bad_flags[_i]), EINVAL);
    ck_assert(!exists(home()));
    ck_assert_int_eq(result_of_open(home(), 0), 0);
    ck_assert_int_eq(result_of_open(home(), bad_flags[_i]), EINVAL);
}
END_TEST

/* ---- the other options -------------------------------------------------- */

START_TEST(both_durabilities_are_accepted_and_no_other)
{
    struct journal_options options = options_with(0);

    options.durability = 2;
    ck_assert_int_eq(result_of_open_with(home(), &options), EINVAL);
    ck_assert(!exists(home()));
    options.durability = JOURNAL_RELAXED;
    journal = open_with(home(), &options);
    append("key", "value");
    ck_assert_int_eq(journal_sync(journal), 0);
    ck_assert_uint_eq(figures(journal).durable_size, 1);
}
END_TEST

START_TEST(different_durabilities_share_a_journal)
{
    struct journal_options options = options_with(0);
    struct journal *relaxed;

    journal = open_path(home(), 0);
    options.durability = JOURNAL_RELAXED;
    relaxed = open_with(home(), &options);
    ck_assert_uint_eq(append_to(journal, "key", "durable"), 0);
    ck_assert_uint_eq(append_to(relaxed, "key", "relaxed"), 1);
    assert_value("key", "relaxed");
    journal_close(relaxed);
}
END_TEST

START_TEST(first_seq_is_the_number_of_the_first_entry)
{
    struct journal_options options = options_with(0);

    options.first_seq = 1000;
    journal = open_with(home(), &options);
    ck_assert_uint_eq(figures(journal).first, 1000);
    ck_assert_uint_eq(figures(journal).size, 1000);
    reopen();
    ck_assert_uint_eq(append("key", "value"), 1000);
    ck_assert_uint_eq(assert_no_gap(journal), 1);
}
END_TEST

START_TEST(first_seq_counts_only_when_the_journal_is_created)
{
    struct journal_options options = options_with(0);

    ck_assert_int_eq(result_of_open(home(), 0), 0);
    options.first_seq = 1000;
    journal = open_with(home(), &options);
    ck_assert_uint_eq(append("key", "value"), 0);
}
END_TEST

START_TEST(first_seq_may_not_be_none)
{
    struct journal_options options = options_with(0);

    options.first_seq = JOURNAL_NONE;
    ck_assert_int_eq(result_of_open_with(home(), &options), EINVAL);
    ck_assert(!exists(home()));
}
END_TEST

START_TEST(first_seq_may_be_the_last_number_before_none)
{
    struct journal_options options = options_with(0);

    options.first_seq = JOURNAL_NONE - 1;
    journal = open_with(home(), &options);
    ck_assert_uint_eq(append("key", "value"), JOURNAL_NONE - 1);
    ck_assert_uint_eq(assert_no_gap(journal), 1);
}
END_TEST

START_TEST(bytes_max_is_in_the_figures_of_the_handle)
{
    struct journal_options options = options_with(0);
    struct journal *unlimited;

    options.bytes_max = 16 << 20;
    journal = open_with(home(), &options);
    unlimited = open_path(home(), 0);
    ck_assert_uint_eq(figures(journal).bytes_max, 16 << 20);
    ck_assert_uint_eq(figures(unlimited).bytes_max, 0);
    journal_close(unlimited);
}
END_TEST

/* What the figures say of the tail that two appends make. */
static uint64_t
size_of_tail(uint64_t tail_bytes, uint64_t bytes_max)
{
    struct journal_options options = options_with(0);
    uint64_t size;

    options.tail_bytes = tail_bytes;
    options.bytes_max = bytes_max;
    ck_assert_int_eq(mode_open_as_is(home(), &options, &journal), 0);
    append("key", "value");
    ck_assert_uint_eq(figures(journal).tail_bytes, 0);
    ck_assert_uint_eq(figures(journal).tail_bytes_used, 0);
    append("key", "value");
    size = figures(journal).tail_bytes;
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(journal_destroy(home()), 0);
    return size;
}

START_TEST(tail_bytes_is_the_size_of_the_tail)
{
    ck_assert_uint_eq(size_of_tail(0, 0), 8 << 20);
    ck_assert_uint_eq(size_of_tail(1 << 20, 0), 1 << 20);
    ck_assert_uint_eq(size_of_tail(100000, 0), 98304);
    ck_assert_uint_eq(size_of_tail(1, 0), 64 << 10);
}
END_TEST

START_TEST(a_small_journal_has_a_small_tail_or_none)
{
    static const uint64_t wishes[] = {0, 1, 64 << 10, 1 << 20};

    ck_assert_uint_eq(size_of_tail(0, 16 << 20), 512 << 10);
    ck_assert_uint_eq(size_of_tail(64 << 10, 16 << 20), 64 << 10);
    for (size_t i = 0; i < COUNT_OF(wishes); i++) {
        ck_assert_uint_eq(size_of_tail(wishes[i], 2 << 20), 64 << 10);
        ck_assert_uint_eq(size_of_tail(wishes[i], (2 << 20) - 1), 0);
    }
}
END_TEST

START_TEST(a_tail_stays_until_somebody_else_begins_with_another_wish)
{
    static const struct {
        uint64_t wish, size;
    } steps[] = {{65536, 65536}, {0, 65536}, {131072, 131072}, {0, 131072}};
    struct journal_options options = options_with(0);

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        options.tail_bytes = steps[i].wish;
        ck_assert_int_eq(mode_open_as_is(home(), &options, &journal), 0);
        append("key", "value");
        append("key", "value");
        ck_assert_uint_eq(figures(journal).tail_bytes, steps[i].size);
        journal_close(journal);
        journal = NULL;
    }
}
END_TEST

START_TEST(any_limit_of_retention_is_accepted)
{
    static const uint64_t values[] = {1, 1000, UINT64_MAX};
    struct journal_options options = options_with(0);
    uint64_t *const limits[] = {&options.keep_entries, &options.keep_bytes,
                                &options.keep_ns};

    *limits[_i / 3] = values[_i % 3];
    journal = open_with(home(), &options);
    ck_assert_uint_eq(append("key", "value"), 0);
    assert_value("key", "value");
}
END_TEST

/* ---- a struct that may grow --------------------------------------------- */

/* Options of SIZE bytes and not one more. */
static struct journal_options *
options_of_size(size_t size)
{
    struct journal_options options = options_with(0);
    struct journal_options *grown = calloc(1, size);

    ck_assert_ptr_nonnull(grown);
    options.struct_size = (uint32_t)size;
    memcpy(grown, &options, size < sizeof(options) ? size : sizeof(options));
    return grown;
}

START_TEST(options_of_no_release_are_a_mistake)
{
    static const size_t sizes[] = {4, 8, 32, sizeof(struct journal_options) - 1,
                                   sizeof(struct journal_options) - 8};
    struct journal_options *options = options_of_size(sizes[_i]);

    ck_assert_int_eq(result_of_open_with(home(), options), EINVAL);
    options->struct_size = 0;
    ck_assert_int_eq(result_of_open_with(home(), options), EINVAL);
    ck_assert(!exists(home()));
    free(options);
}
END_TEST

/* Though where these are copied to may hold those of the call before. */
START_TEST(options_of_no_release_are_one_right_behind_good_ones_too)
{
    struct journal_options *good = options_of_size(sizeof(*good) + 8);
    struct journal_options *bad = options_of_size(sizeof(*bad) - 8);

    const char *path = home();
    int found, rc;

    good->flags = JOURNAL_OPEN_EXISTING;
    /* Nothing else may come between. */
    found = journal_open(path, good, &journal);
    rc = journal_open(path, bad, &journal);
    ck_assert_int_eq(found, JOURNAL_NOT_FOUND);
    ck_assert_int_eq(rc, EINVAL);
    free(good);
    free(bad);
}
END_TEST

START_TEST(larger_options_are_fine_while_the_rest_is_zero)
{
    size_t size = sizeof(struct journal_options) + 100;
    struct journal_options *options = options_of_size(size);

    ck_assert_int_eq(result_of_open_with(home(), options), 0);
    free(options);
}
END_TEST

START_TEST(larger_options_that_say_something_unknown_are_a_mistake)
{
    size_t size = sizeof(struct journal_options) + 100;
    struct journal_options *options = options_of_size(size);
    size_t place = _i == 0 ? sizeof(struct journal_options) : size - 1;

    ((char *)options)[place] = 1;
    ck_assert_int_eq(result_of_open_with(home(), options), EINVAL);
    ck_assert(!exists(home()));
    free(options);
}
END_TEST

/* ---- modes -------------------------------------------------------------- */

static void
assert_modes(mode_t mode, mode_t directory)
{
    ck_assert_uint_eq(mode_of(home()), directory);
    ck_assert_uint_eq(mode_of(test_path("journal/data.mdb")), mode);
    ck_assert_uint_eq(mode_of(test_path("journal/lock.mdb")), mode);
}

START_TEST(the_mode_holds_whatever_the_umask)
{
    static const mode_t umasks[] = {0, 022, 077, 0777};
    static const mode_t modes[][2] = {
        {0600, 0700}, {0640, 0750}, {0644, 0755}, {0664, 0775}, {0666, 0777}};
    struct journal_options options = options_with(0);
    mode_t before = umask(umasks[_i]);

    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        options.mode = modes[i][0];
        journal = open_with(home(), &options);
        append("key", "value");
        assert_modes(modes[i][0], modes[i][1]);
        journal_close(journal);
        ck_assert_int_eq(journal_destroy(home()), 0);
    }
    journal = NULL;
    umask(before);
}
END_TEST

START_TEST(mode_0_is_the_default)
{
    struct journal_options options = options_with(0);

    options.mode = 0;
    journal = open_with(home(), &options);
    assert_modes(0640, 0750);
}
END_TEST

START_TEST(a_mode_is_permissions_and_nothing_else)
{
    static const uint32_t modes[] = {01644, 02644, 04644, 0100644, 1u << 31};
    struct journal_options options = options_with(0);

    options.mode = modes[_i];
    ck_assert_int_eq(result_of_open_with(home(), &options), EINVAL);
    ck_assert(!exists(home()));
}
END_TEST

START_TEST(a_directory_that_was_there_keeps_its_mode)
{
    ck_assert_int_eq(mkdir(home(), 0777), 0);
    ck_assert_int_eq(chmod(home(), 0711), 0);
    journal = open_path(home(), 0);
    ck_assert_uint_eq(mode_of(home()), 0711);
}
END_TEST

START_TEST(a_journal_that_was_there_keeps_its_mode)
{
    struct journal_options options = options_with(0);

    ck_assert_int_eq(result_of_open(home(), 0), 0);
    options.mode = 0666;
    journal = open_with(home(), &options);
    assert_modes(0640, 0750);
}
END_TEST

/* ---- what is no journal ------------------------------------------------- */

static void
assert_unsupported(const char *path)
{
    static const uint32_t ways[] = {0, JOURNAL_OPEN_EXISTING, JOURNAL_OPEN_NEW,
                                    JOURNAL_OPEN_READ_ONLY,
                                    JOURNAL_OPEN_READ_ONLY |
                                        JOURNAL_OPEN_IMMUTABLE};
    struct bytes before;

    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        before = picture_of(path);
        ck_assert_int_eq(result_of_open(path, ways[i]), JOURNAL_UNSUPPORTED);
        assert_picture(path, &before);
    }
}

START_TEST(a_directory_with_another_file_is_unsupported_and_left)
{
    static const char *const names[] = {"journal/notes", "journal/.hidden"};

    ck_assert_int_eq(mkdir(home(), 0777), 0);
    write_bytes(test_path(names[_i]), "mine", 4);
    assert_unsupported(home());
}
END_TEST

START_TEST(a_directory_with_a_directory_is_unsupported_and_left)
{
    ck_assert_int_eq(mkdir(home(), 0777), 0);
    ck_assert_int_eq(mkdir(test_path("journal/photos"), 0777), 0);
    assert_unsupported(home());
}
END_TEST

START_TEST(a_journal_with_a_file_beside_it_is_a_journal)
{
    journal = open_path(home(), 0);
    append("key", "value");
    write_bytes(test_path("journal/notes"), "mine", 4);
    reopen();
    assert_value("key", "value");
    ck_assert(exists(test_path("journal/notes")));
}
END_TEST

static TCase *
creation(void)
{
    TCase *tcase = tcase_create("creation");

    tcase_add_checked_fixture(tcase, test_setup, teardown_journal);
    tcase_add_test(tcase, init_fills_in_the_defaults);
    tcase_add_test(tcase,
                   the_structs_have_the_layout_that_other_languages_declare);
    tcase_add_test(tcase, open_creates_the_directory_and_an_empty_journal);
    tcase_add_test(tcase, null_options_are_the_defaults);
    tcase_add_test(tcase, an_empty_directory_becomes_a_journal);
    tcase_add_test(tcase, one_level_of_directories_is_created_and_no_more);
    tcase_add_test(tcase, what_was_created_is_there_when_opened_again);
    tcase_add_test(tcase,
                   a_file_in_the_place_of_the_directory_is_refused_and_left);
    tcase_add_test(tcase, a_refused_open_writes_no_handle);
    tcase_add_test(tcase, a_refused_open_leaves_no_descriptor_open);
    tcase_add_loop_test(tcase,
                        a_directory_with_another_file_is_unsupported_and_left,
                        0, 2);
    tcase_add_test(tcase, a_directory_with_a_directory_is_unsupported_and_left);
    tcase_add_test(tcase, a_journal_with_a_file_beside_it_is_a_journal);
    return tcase;
}

static TCase *
flags(void)
{
    TCase *tcase = tcase_create("flags");

    tcase_add_checked_fixture(tcase, test_setup, teardown_journal);
    tcase_add_test(tcase,
                   existing_finds_no_journal_where_there_is_no_directory);
    tcase_add_test(tcase, existing_finds_no_journal_in_an_empty_directory);
    tcase_add_test(tcase, existing_opens_what_is_there);
    tcase_add_test(tcase, new_creates);
    tcase_add_test(tcase, new_creates_in_an_empty_directory);
    tcase_add_test(tcase, new_says_that_a_journal_exists_and_leaves_it);
    tcase_add_test(tcase, read_only_never_creates);
    tcase_add_test(tcase, immutable_never_creates);
    tcase_add_loop_test(tcase,
                        flags_that_contradict_or_are_unknown_are_a_mistake, 0,
                        COUNT_OF(bad_flags));
    return tcase;
}

static TCase *
other_options(void)
{
    TCase *tcase = tcase_create("options");

    tcase_add_checked_fixture(tcase, test_setup, teardown_journal);
    tcase_add_test(tcase, both_durabilities_are_accepted_and_no_other);
    tcase_add_test(tcase, different_durabilities_share_a_journal);
    tcase_add_test(tcase, first_seq_is_the_number_of_the_first_entry);
    tcase_add_test(tcase, first_seq_counts_only_when_the_journal_is_created);
    tcase_add_test(tcase, first_seq_may_not_be_none);
    tcase_add_test(tcase, first_seq_may_be_the_last_number_before_none);
    tcase_add_test(tcase, bytes_max_is_in_the_figures_of_the_handle);
    tcase_add_test(tcase, tail_bytes_is_the_size_of_the_tail);
    tcase_add_test(tcase, a_small_journal_has_a_small_tail_or_none);
    tcase_add_test(tcase,
                   a_tail_stays_until_somebody_else_begins_with_another_wish);
    tcase_add_loop_test(tcase, any_limit_of_retention_is_accepted, 0, 9);
    tcase_add_loop_test(tcase, options_of_no_release_are_a_mistake, 0, 5);
    tcase_add_test(tcase,
                   options_of_no_release_are_one_right_behind_good_ones_too);
    tcase_add_test(tcase, larger_options_are_fine_while_the_rest_is_zero);
    tcase_add_loop_test(tcase,
                        larger_options_that_say_something_unknown_are_a_mistake,
                        0, 2);
    return tcase;
}

static TCase *
modes(void)
{
    TCase *tcase = tcase_create("modes");

    tcase_add_checked_fixture(tcase, test_setup, teardown_journal);
    tcase_add_loop_test(tcase, the_mode_holds_whatever_the_umask, 0, 4);
    tcase_add_test(tcase, mode_0_is_the_default);
    tcase_add_loop_test(tcase, a_mode_is_permissions_and_nothing_else, 0, 5);
    tcase_add_test(tcase, a_directory_that_was_there_keeps_its_mode);
    tcase_add_test(tcase, a_journal_that_was_there_keeps_its_mode);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *open = suite_create("open");

    suite_add_tcase(open, creation());
    suite_add_tcase(open, flags());
    suite_add_tcase(open, other_options());
    suite_add_tcase(open, modes());
    return open;
}

TEST_MAIN(suite)
