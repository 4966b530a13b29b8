/*
 * recorder_test.c - the recorder sees what is done, and the model what of it a
 * crash may leave.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "recorder.h"
#include "support/test.h"

#define SIZE 8192u

static struct trace *trace;
static struct disk *disk;
static size_t known; /* so far the model knows the trace */

static void
begin(uint32_t unit)
{
    ck_assert_int_eq(mkdir(test_path("home"), 0700), 0);
    trace = trace_new((size_t)1 << 20);
    disk = disk_new(trace, test_dir, unit, FLAW_NONE);
    recorder_start(trace, test_dir);
}

/* Lets the model know what is on record by now; how many flushes that are. */
static unsigned
end(void)
{
    struct event event;
    unsigned flushes = 0;

    recorder_stop();
    while (trace_read(trace, &known, &event)) {
        disk_happens(disk, &event);
        flushes += event.kind == EVENT_FLUSHED;
    }
    return flushes;
}

static int
open_new(const char *name, int flags)
{
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "home/%s", name);
    fd = open(test_path(path), O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static void
flush_home(void)
{
    int fd = open(test_path("home"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    ck_assert_int_eq(fsync(fd), 0);
    close(fd);
}

/* The byte at OFFSET of NAME, if of each choice version V, or the newest. */
static int
byte_after_crash(const char *name, off_t offset, uint32_t v)
{
    uint32_t versions[64];
    const struct choice *choices;
    size_t count = disk_choices(disk, &choices);
    char path[64];
    uint8_t byte;
    int fd, got;

    ck_assert_uint_le(count, 64);
    for (size_t i = 0; i < count; i++)
        versions[i] = v < choices[i].count ? v : choices[i].count - 1;
    (void)mkdir(test_path("crash"), 0700);
    disk_crash(disk, versions, test_path("crash"), 1);
    snprintf(path, sizeof(path), "crash/home/%s", name);
    fd = open(test_path(path), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    got = pread(fd, &byte, 1, offset) == 1 ? byte : -2;
    close(fd);
    return got;
}

START_TEST(a_store_through_a_mapping_is_uncertain_until_a_flush)
{
    static const uint8_t zeros[SIZE];
    uint8_t *map;
    int fd;

    begin(512);
    fd = open_new("tail", 0);
    ck_assert_int_eq(pwrite(fd, zeros, SIZE, 0), SIZE);
    ck_assert_int_eq(fsync(fd), 0);
    flush_home();
    map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(map, MAP_FAILED);
    map[0] = 1;
    map[4096] = 2;
    ck_assert_int_eq(msync(map + 4096, 4096, MS_SYNC), 0);
    map[0] = 3;
    recorder_note(EVENT_DEED_DONE, 0);
    ck_assert_uint_eq(end(), 3);
    ck_assert_int_eq(byte_after_crash("tail", 0, 0), 0);
    ck_assert_int_eq(byte_after_crash("tail", 0, UINT32_MAX), 3);
    ck_assert_int_eq(byte_after_crash("tail", 4096, 0), 2);
    munmap(map, SIZE);
    close(fd);
}
END_TEST

START_TEST(a_write_that_is_a_flush_makes_nothing_else_certain)
{
    uint8_t page[512] = {7};
    int fd, dsync;

    begin(512);
    fd = open_new("data.mdb", 0);
    flush_home();
    ck_assert_int_eq(pwrite(fd, page, 512, 0), 512);
    ck_assert_int_eq(pwrite(fd, page, 512, 512), 512);
    dsync = open_new("data.mdb", O_DSYNC);
    ck_assert_int_eq(pwrite(dsync, page, 512, 1024), 512);
    ck_assert_uint_eq(end(), 2);
    ck_assert_int_eq(byte_after_crash("data.mdb", 0, 0), 0);
    ck_assert_int_eq(byte_after_crash("data.mdb", 512, 0), 0);
    ck_assert_int_eq(byte_after_crash("data.mdb", 1024, 0), 7);
    ck_assert_int_eq(byte_after_crash("data.mdb", 0, UINT32_MAX), 7);
    close(dsync);
    close(fd);
}
END_TEST

START_TEST(a_name_is_uncertain_until_its_directory_is_flushed)
{
    int fd;

    begin(4096);
    fd = open_new("tail.new", 0);
    ck_assert_int_eq(pwrite(fd, "x", 1, 0), 1);
    ck_assert_int_eq(fsync(fd), 0);
    ck_assert_int_eq(rename(test_path("home/tail.new"), test_path("home/tail")),
                     0);
    ck_assert_uint_eq(end(), 1);
    ck_assert_int_eq(byte_after_crash("tail.new", 0, 0), -1);
    ck_assert_int_eq(byte_after_crash("tail.new", 0, 1), 'x');
    ck_assert_int_eq(byte_after_crash("tail", 0, 1), -1);
    ck_assert_int_eq(byte_after_crash("tail", 0, 2), 'x');
    recorder_start(trace, test_dir);
    flush_home();
    ck_assert_uint_eq(end(), 1);
    ck_assert_int_eq(byte_after_crash("tail", 0, 0), 'x');
    close(fd);
}
END_TEST

START_TEST(what_a_failed_flush_left_no_flush_makes_certain)
{
    const struct fault fault = {.calls = CALL_FLUSH,
                                .n = 1,
                                .effect = EFFECT_NOTHING,
                                .error = EIO};
    int fd;

    begin(4096);
    fd = open_new("data.mdb", 0);
    flush_home();
    ck_assert_int_eq(pwrite(fd, "old", 3, 0), 3);
    ck_assert_int_eq(fsync(fd), 0);
    ck_assert_int_eq(pwrite(fd, "new", 3, 0), 3);
    recorder_fail(&fault);
    ck_assert_int_eq(fdatasync(fd), -1);
    ck_assert_int_eq(fdatasync(fd), 0);
    (void)end();
    ck_assert_int_eq(byte_after_crash("data.mdb", 0, 0), 'o');
    close(fd);
    recorder_start(trace, test_dir);
    fd = open_new("data.mdb", 0);
    ck_assert_int_eq(pwrite(fd, "New", 3, 0), 3);
    ck_assert_int_eq(fdatasync(fd), 0);
    (void)end();
    ck_assert_int_eq(byte_after_crash("data.mdb", 0, 0), 'N');
    close(fd);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("recorder");
    TCase *tcase = tcase_create("recorder");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, a_store_through_a_mapping_is_uncertain_until_a_flush);
    tcase_add_test(tcase, a_write_that_is_a_flush_makes_nothing_else_certain);
    tcase_add_test(tcase, a_name_is_uncertain_until_its_directory_is_flushed);
    tcase_add_test(tcase, what_a_failed_flush_left_no_flush_makes_certain);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
