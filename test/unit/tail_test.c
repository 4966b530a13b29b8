/* tail_test.c - the file `tail`: made whole, refused if it is another. */
#include "tail/tail.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/error.h"
#include "support/mounts.h"
#include "support/test.h"

#define CAPACITY JN_TAIL_MIN
#define FILE_SIZE (JN_TAIL_HEADER + CAPACITY)

static const struct jn_tail_name sample = {
    .id = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a,
           0x1b, 0x1c, 0x1d, 0x1e, 0x1f},
    .salt = UINT64_C(0x1122334455667788),
    .capacity = CAPACITY,
};

static void
create(const struct jn_tail_name *name)
{
    ck_assert_int_eq(jn_tail_create(test_dir, name, 0600), 0);
}

static struct jn_tail *
open_named(const struct jn_tail_name *name, bool read_only)
{
    struct jn_tail *tail = NULL;

    ck_assert_int_eq(jn_tail_open(&tail, test_dir, name, read_only), 0);
    return tail;
}

/* What opening the tail says. */
static int
result_of_open(const struct jn_tail_name *name)
{
    struct jn_tail *tail = NULL;
    int rc = jn_tail_open(&tail, test_dir, name, false);

    ck_assert(rc == 0 || tail == NULL);
    jn_tail_close(tail);
    return rc;
}

/* The bytes of the file NAME; its size must be FILE_SIZE. */
static uint8_t *
bytes_of(const char *name)
{
    FILE *in = fopen(test_path(name), "rb");
    uint8_t *bytes = malloc(FILE_SIZE + 1);

    ck_assert_ptr_nonnull(in);
    ck_assert_uint_eq(fread(bytes, 1, FILE_SIZE + 1, in), FILE_SIZE);
    fclose(in);
    return bytes;
}

/* Writes SIZE bytes at OFFSET of the file past the journal's back. */
static void
poke(uint64_t offset, const void *bytes, size_t size)
{
    int file = open(test_path(JN_TAIL_FILE), O_WRONLY);

    ck_assert_int_eq(pwrite(file, bytes, size, (off_t)offset), (ssize_t)size);
    close(file);
}

static void
assert_no_new_file(void)
{
    ck_assert_int_ne(access(test_path(JN_TAIL_NEW_FILE), F_OK), 0);
}

/* ---- made ---------------------------------------------------------------- */

START_TEST(a_new_tail_is_these_bytes_and_zeros)
{
    static const uint8_t numbers[] = {
        0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
        0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, /* id */
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, /* salt */
        0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, /* capacity */
        0xb9, 0x69, 0xa0, 0xf6, 0x6a, 0xc5, 0x19, 0xa9, /* check */
    };
    static uint8_t wanted[FILE_SIZE];
    uint8_t *bytes;

    memcpy(wanted, "libjournal tail, format 2\n", 26);
    memcpy(wanted + 32, numbers, sizeof(numbers));
    create(&sample);
    bytes = bytes_of(JN_TAIL_FILE);
    ck_assert_mem_eq(bytes, wanted, FILE_SIZE);
    free(bytes);
}
END_TEST

START_TEST(a_new_tail_has_its_mode_its_blocks_and_no_other_name)
{
    struct stat status;

    umask(0077);
    ck_assert_int_eq(jn_tail_create(test_dir, &sample, 0664), 0);
    ck_assert_int_eq(stat(test_path(JN_TAIL_FILE), &status), 0);
    ck_assert_uint_eq(status.st_mode, S_IFREG | 0664);
    ck_assert_uint_ge((uint64_t)status.st_blocks * 512, FILE_SIZE);
    assert_no_new_file();
}
END_TEST

START_TEST(a_new_tail_takes_the_place_of_an_old_one)
{
    struct jn_tail_name other = sample;
    struct jn_tail *tail;
    uint8_t bytes[8] = {0};

    create(&sample);
    tail = open_named(&sample, false);
    ck_assert_int_eq(jn_tail_write(tail, 0, (const uint8_t *)"the old", 8), 0);
    /* What a crash has left of another attempt is no hindrance. */
    ck_assert_int_eq(symlink("/nowhere", test_path(JN_TAIL_NEW_FILE)), 0);
    other.salt++;
    create(&other);
    assert_no_new_file();
    ck_assert_int_eq(result_of_open(&sample), JOURNAL_CORRUPT);
    ck_assert_int_eq(result_of_open(&other), 0);
    ck_assert_int_eq(jn_tail_read(tail, 0, bytes, 8), 0);
    ck_assert_mem_eq(bytes, "the old", 8);
    jn_tail_close(tail);
}
END_TEST

/* A larger tail must not find room, and the old one be as it was. */
static void
assert_full(void)
{
    struct jn_tail_name other = sample;
    struct jn_tail *tail = open_named(&sample, false);
    uint8_t *before, *after;

    ck_assert_int_eq(jn_tail_write(tail, 77, (const uint8_t *)"kept", 4), 0);
    before = bytes_of(JN_TAIL_FILE);
    other.capacity += 4096;
    ck_assert_int_eq(jn_tail_create(test_dir, &other, 0600), JOURNAL_FULL);
    assert_no_new_file();
    after = bytes_of(JN_TAIL_FILE);
    ck_assert_mem_eq(before, after, FILE_SIZE);
    free(before);
    free(after);
    jn_tail_close(tail);
}

START_TEST(on_a_full_disk_the_old_tail_stays_and_works)
{
    if (!mounts_disk(test_dir, 128u << 10))
        return;
    create(&sample);
    assert_full();
    umount2(test_dir, MNT_DETACH);
}
END_TEST

static void
limit_files(rlim_t size)
{
    struct rlimit limit = {size, RLIM_INFINITY};

    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_limit_on_the_size_of_files_is_a_full_disk_and_no_signal)
{
    struct jn_tail *tail;

    create(&sample);
    tail = open_named(&sample, false);
    limit_files(JN_TAIL_HEADER + 100);
    ck_assert_int_eq(jn_tail_create(test_dir, &sample, 0600), JOURNAL_FULL);
    assert_no_new_file();
    ck_assert_int_eq(jn_tail_write(tail, 92, (const uint8_t *)"8 bytes.", 8),
                     0);
    ck_assert_int_eq(jn_tail_write(tail, 93, (const uint8_t *)"8 bytes.", 8),
                     JOURNAL_FULL);
    ck_assert_int_eq(jn_tail_write(tail, 50000, (const uint8_t *)"8 bytes.", 8),
                     JOURNAL_FULL);
    /* The mapping knows no limit. */
    jn_tail_store(tail, 50000, (const uint8_t *)"8 bytes.", 8);
    ck_assert_int_eq(jn_tail_flush(tail), 0);
    jn_tail_close(tail);
    limit_files(FILE_SIZE);
    assert_full();
}
END_TEST

START_TEST(a_directory_that_is_not_there_has_no_tail)
{
    struct jn_tail *tail = NULL;
    char path[PATH_MAX + 10];

    ck_assert_int_eq(jn_tail_create(test_path("none"), &sample, 0600), ENOENT);
    ck_assert_int_eq(jn_tail_open(&tail, test_path("none"), &sample, false),
                     JOURNAL_NOT_FOUND);
    memset(path, '/', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    ck_assert_int_eq(jn_tail_create(path, &sample, 0600), ENAMETOOLONG);
    ck_assert_int_eq(jn_tail_open(&tail, path, &sample, false), ENAMETOOLONG);
    ck_assert_ptr_null(tail);
}
END_TEST

/* ---- opened -------------------------------------------------------------- */

START_TEST(a_tail_of_another_name_is_refused)
{
    struct jn_tail_name name;

    create(&sample);
    ck_assert_int_eq(result_of_open(&sample), 0);
    for (unsigned i = 0; i < JN_TAIL_ID; i++) {
        name = sample;
        name.id[i] ^= 1;
        ck_assert_int_eq(result_of_open(&name), JOURNAL_CORRUPT);
    }
    name = sample;
    name.salt ^= UINT64_C(1) << 63;
    ck_assert_int_eq(result_of_open(&name), JOURNAL_CORRUPT);
    name = sample;
    name.capacity += 4096;
    ck_assert_int_eq(result_of_open(&name), JOURNAL_CORRUPT);
}
END_TEST

START_TEST(a_capacity_that_no_tail_has_is_refused)
{
    static const uint64_t capacities[] = {
        0, 8, CAPACITY - 4096, CAPACITY + 8, JN_TAIL_MAX + 4096, UINT64_MAX,
    };
    struct jn_tail_name name = sample;
    uint8_t *bytes;

    create(&sample);
    bytes = bytes_of(JN_TAIL_FILE);
    for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
        /* The file agrees in all. */
        name.capacity = capacities[i];
        jn_put_le64(bytes + 56, name.capacity);
        jn_put_le64(bytes + 64, jn_hash64(jn_span(bytes, 64), 0));
        poke(0, bytes, 72);
        (void)!truncate(test_path(JN_TAIL_FILE),
                        (off_t)(JN_TAIL_HEADER + name.capacity));
        ck_assert_int_eq(result_of_open(&name), JOURNAL_CORRUPT);
    }
    free(bytes);
}
END_TEST

START_TEST(any_flipped_byte_of_the_header_is_noticed)
{
    uint8_t *bytes;

    create(&sample);
    bytes = bytes_of(JN_TAIL_FILE);
    for (unsigned i = 0; i < JN_TAIL_HEADER; i++) {
        uint8_t flipped = bytes[i] ^ (uint8_t)(1 << i % 8);

        poke(i, &flipped, 1);
        ck_assert_int_eq(result_of_open(&sample), JOURNAL_CORRUPT);
        poke(i, &bytes[i], 1);
    }
    ck_assert_int_eq(result_of_open(&sample), 0);
    free(bytes);
}
END_TEST

START_TEST(a_file_of_another_size_is_refused)
{
    static const off_t sizes[] = {0,
                                  1,
                                  JN_TAIL_HEADER - 1,
                                  JN_TAIL_HEADER,
                                  FILE_SIZE - 4096,
                                  FILE_SIZE - 1,
                                  FILE_SIZE + 1,
                                  FILE_SIZE + 4096};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        create(&sample);
        ck_assert_int_eq(truncate(test_path(JN_TAIL_FILE), sizes[i]), 0);
        ck_assert_int_eq(result_of_open(&sample), JOURNAL_CORRUPT);
    }
}
END_TEST

START_TEST(what_is_no_file_is_refused_and_not_waited_for)
{
    struct jn_tail *tail = NULL;
    const char *path = test_path(JN_TAIL_FILE);
    const char *elsewhere = test_path("elsewhere");

    ck_assert_int_eq(result_of_open(&sample), JOURNAL_NOT_FOUND);
    create(&sample);
    ck_assert_int_eq(rename(path, elsewhere), 0);
    ck_assert_int_eq(symlink(elsewhere, path), 0);
    ck_assert_int_eq(result_of_open(&sample), JOURNAL_CORRUPT);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(result_of_open(&sample), JOURNAL_CORRUPT);
    ck_assert_int_eq(rmdir(path), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(mknod(path, i == 0 ? S_IFIFO | 0600 : S_IFSOCK | 0600,
                               0),
                         0);
        ck_assert_int_eq(result_of_open(&sample), JOURNAL_CORRUPT);
        ck_assert_int_eq(jn_tail_open(&tail, test_dir, &sample, true),
                         JOURNAL_CORRUPT);
        ck_assert_int_eq(unlink(path), 0);
    }
}
END_TEST

/* ---- the ring ------------------------------------------------------------ */

/* What the ring should hold. */
static uint8_t model[CAPACITY];

static void
assert_as_model(struct jn_tail *tail, uint64_t position, size_t size)
{
    static uint8_t bytes[CAPACITY];

    ck_assert_int_eq(jn_tail_read(tail, position, bytes, size), 0);
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != model[(position + i) % CAPACITY])
            ck_abort_msg("byte %zu of %zu", i, size);
}

START_TEST(bytes_come_back_wherever_they_lie)
{
    static uint8_t bytes[CAPACITY];
    uint64_t random = test_seed();
    struct jn_tail *tail, *other;
    unsigned rounds = (unsigned)(200 * test_scale());

    create(&sample);
    tail = open_named(&sample, false);
    other = open_named(&sample, true);
    for (unsigned round = 0; round < rounds; round++) {
        /* Around the end of the ring, in any lap. */
        uint64_t lap = test_random(&random) >> 32;
        uint64_t position = (lap + 1) * CAPACITY - test_random(&random) % 300;
        size_t size = test_random(&random) % 600;

        if (round % 16 == 0)
            size = CAPACITY - size % 2;
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)test_random(&random);
            model[(position + i) % CAPACITY] = bytes[i];
        }
        if (round % 2 == 0)
            jn_tail_store(tail, position, bytes, size);
        else
            ck_assert_int_eq(jn_tail_write(tail, position, bytes, size), 0);
        assert_as_model(other, position, size);
        if (round % 8 == 0)
            ck_assert_int_eq(jn_tail_flush_part(tail, position,
                                                position + size),
                             0);
    }
    assert_as_model(tail, 0, CAPACITY);
    ck_assert_int_eq(jn_tail_flush(tail), 0);
    ck_assert_int_eq(result_of_open(&sample), 0); /* the header is as it was */
    jn_tail_close(other);
    jn_tail_close(tail);
}
END_TEST

START_TEST(a_tail_says_how_large_it_is)
{
    struct jn_tail *tail;

    create(&sample);
    tail = open_named(&sample, true);
    ck_assert_uint_eq(jn_tail_capacity(tail), CAPACITY);
    ck_assert_uint_eq(jn_tail_salt(tail), sample.salt);
    ck_assert_uint_eq(jn_tail_file_size(tail), FILE_SIZE);
    jn_tail_close(tail);
    jn_tail_close(NULL);
}
END_TEST

START_TEST(a_file_cut_while_it_is_open_is_damage_to_a_read)
{
    struct jn_tail *tail;
    uint8_t bytes[16];

    create(&sample);
    tail = open_named(&sample, true);
    ck_assert_int_eq(truncate(test_path(JN_TAIL_FILE), 8192), 0);
    ck_assert_int_eq(jn_tail_read(tail, 4080, bytes, 16), 0);
    ck_assert_int_eq(jn_tail_read(tail, 4088, bytes, 16), JOURNAL_CORRUPT);
    jn_tail_close(tail);
}
END_TEST

START_TEST(a_child_that_closes_it_leaves_the_parents)
{
    struct jn_tail *tail;
    int status;
    pid_t pid;

    create(&sample);
    tail = open_named(&sample, false);
    pid = fork();
    if (pid == 0) {
        jn_tail_close(tail);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    model[5] = 'x';
    jn_tail_store(tail, 5, (const uint8_t *)"x", 1);
    assert_as_model(tail, 0, CAPACITY);
    ck_assert_int_eq(jn_tail_flush(tail), 0);
    jn_tail_close(tail);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("tail");
    TCase *tcase = tcase_create("tail");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, a_new_tail_is_these_bytes_and_zeros);
    tcase_add_test(tcase, a_new_tail_has_its_mode_its_blocks_and_no_other_name);
    tcase_add_test(tcase, a_new_tail_takes_the_place_of_an_old_one);
    tcase_add_test(tcase, on_a_full_disk_the_old_tail_stays_and_works);
    tcase_add_test(tcase,
                   a_limit_on_the_size_of_files_is_a_full_disk_and_no_signal);
    tcase_add_test(tcase, a_directory_that_is_not_there_has_no_tail);
    tcase_add_test(tcase, a_tail_of_another_name_is_refused);
    tcase_add_test(tcase, a_capacity_that_no_tail_has_is_refused);
    tcase_add_test(tcase, any_flipped_byte_of_the_header_is_noticed);
    tcase_add_test(tcase, a_file_of_another_size_is_refused);
    tcase_add_test(tcase, what_is_no_file_is_refused_and_not_waited_for);
    tcase_add_test(tcase, bytes_come_back_wherever_they_lie);
    tcase_add_test(tcase, a_tail_says_how_large_it_is);
    tcase_add_test(tcase, a_file_cut_while_it_is_open_is_damage_to_a_read);
    tcase_add_test(tcase, a_child_that_closes_it_leaves_the_parents);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
