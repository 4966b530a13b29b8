/*
 * memory_test.c - what lies in memory is like what lies in a file system, as
 * far as a journal can tell.
 */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/test.h"

#define HOME MEMORY_ROOT "/home"
#define DATA HOME "/data.mdb"

static int
open_new(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static void
make_home(void)
{
    ck_assert_int_eq(mkdir(HOME, 0700), 0);
}

START_TEST(there_is_nothing_without_its_directory)
{
    struct stat status;

    ck_assert_int_eq(open(DATA, O_RDWR | O_CREAT, 0600), -1);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(stat(HOME, &status), -1);
    ck_assert_ptr_null(opendir(HOME));
    ck_assert_int_eq(mkdir(HOME, 0700), 0);
    ck_assert_int_eq(mkdir(HOME, 0700), -1);
    ck_assert_int_eq(errno, EEXIST);
    ck_assert_int_eq(stat(HOME, &status), 0);
    ck_assert(S_ISDIR(status.st_mode));
}
END_TEST

START_TEST(what_was_cut_off_comes_back_as_zeros)
{
    char bytes[8] = "";
    int fd;

    make_home();
    fd = open_new(DATA);
    ck_assert_int_eq(pwrite(fd, "abcdefgh", 8, 0), 8);
    ck_assert_int_eq(ftruncate(fd, 3), 0);
    ck_assert_int_eq(pread(fd, bytes, 8, 0), 3);
    ck_assert_int_eq(pread(fd, bytes, 8, 3), 0);
    ck_assert_int_eq(pwrite(fd, "x", 1, 7), 1);
    ck_assert_int_eq(pread(fd, bytes, 8, 0), 8);
    ck_assert_int_eq(memcmp(bytes, "abc\0\0\0\0x", 8), 0);
    close(fd);
}
END_TEST

START_TEST(a_new_file_has_nothing_of_one_that_is_gone)
{
    char byte;

    make_home();
    for (unsigned i = 0; i < 100; i++) {
        int fd = open_new(DATA);
        uint8_t *map;

        ck_assert_int_eq(ftruncate(fd, 4096), 0);
        ck_assert_int_eq(pread(fd, &byte, 1, 4000), 1);
        ck_assert_int_eq(byte, 0);
        map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        map[4000] = 1;
        ck_assert_int_eq(pread(fd, &byte, 1, 4000), 1);
        ck_assert_int_eq(byte, 1);
        munmap(map, 4096);
        close(fd);
        ck_assert_int_eq(unlink(DATA), 0);
    }
}
END_TEST

START_TEST(a_renamed_file_takes_the_others_place)
{
    struct stat old, fresh;
    struct dirent *entry;
    unsigned names = 0;
    DIR *stream;
    int fd;

    make_home();
    fd = open_new(DATA);
    close(open_new(HOME "/data.mdb.new"));
    ck_assert_int_eq(stat(HOME "/data.mdb.new", &fresh), 0);
    ck_assert_int_eq(rename(HOME "/data.mdb.new", DATA), 0);
    ck_assert_int_eq(fstat(fd, &old), 0);
    ck_assert_uint_eq(old.st_nlink, 0);
    ck_assert_int_eq(stat(DATA, &old), 0);
    ck_assert_uint_eq(old.st_ino, fresh.st_ino);
    ck_assert_int_eq(unlink(HOME "/data.mdb.new"), -1);
    stream = opendir(HOME);
    while ((entry = readdir(stream)) != NULL) {
        ck_assert_str_eq(entry->d_name, "data.mdb");
        names++;
    }
    closedir(stream);
    ck_assert_uint_eq(names, 1);
    ck_assert_int_eq(rmdir(HOME), -1);
    close(fd);
}
END_TEST

START_TEST(parts_are_written_where_the_offset_is)
{
    const struct iovec parts[] = {{(void *)(uintptr_t) "ab", 2},
                                  {(void *)(uintptr_t) "c", 1}};
    char bytes[6] = "";
    int fd;

    make_home();
    fd = open_new(DATA);
    ck_assert_int_eq(lseek(fd, 1, SEEK_SET), 1);
    ck_assert_int_eq(writev(fd, parts, 2), 3);
    ck_assert_int_eq(write(fd, "de", 2), 2);
    ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 6);
    ck_assert_int_eq(pread(fd, bytes, 6, 0), 6);
    ck_assert_int_eq(memcmp(bytes, "\0abcde", 6), 0);
    close(fd);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *tcase = tcase_create("memory");

    tcase_add_test(tcase, there_is_nothing_without_its_directory);
    tcase_add_test(tcase, what_was_cut_off_comes_back_as_zeros);
    tcase_add_test(tcase, a_new_file_has_nothing_of_one_that_is_gone);
    tcase_add_test(tcase, a_renamed_file_takes_the_others_place);
    tcase_add_test(tcase, parts_are_written_where_the_offset_is);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
