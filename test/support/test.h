/*
 * test.h - what every test program has: a main(), a directory, chance.
 *
 * A program defines its suite and ends with TEST_MAIN(suite).  Tests that need
 * a directory of their own get it from a checked fixture:
 *
 *     tcase_add_checked_fixture(tcase, test_setup, test_teardown);
 */
#ifndef TEST_SUPPORT_TEST_H
#define TEST_SUPPORT_TEST_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Check writes to a file where each assertion is that held, to say behind which
 * one a test has died.  That costs far more than most of what is asserted, so
 * it learns of one every few milliseconds.
 */
void test_note(const char *file, int line);
#define _mark_point(file, line) test_note(file, line)

/* A fresh, empty directory; an absolute path.  "" outside of the fixture. */
extern char test_dir[];

void test_setup(void);

/* Removes the directory with all that is in it, whatever its permissions. */
void test_teardown(void);

/* test_dir/NAME, in a buffer that the thread's eighth call from now uses. */
const char *test_path(const char *name);

/*
 * SIZE bytes of zeros that this process shares with its children from now on,
 * and has until it ends or calls test_unshare().
 */
void *test_shared(size_t size);
void test_unshare(void *memory, size_t size);

/* fork(), which has to work; and the end of the CHILD, which has to be good. */
pid_t test_fork(void);
void test_join(pid_t child);

/*
 * The seed of this run: TEST_SEED of the environment, or a random one; the
 * same for all tests of a program.  Prints it when it is first asked for.
 */
uint64_t test_seed(void);

/* The next number of the sequence that *STATE, any number, stands for. */
uint64_t test_random(uint64_t *state);

/* One below LIMIT; 0 if that is 0. */
uint64_t test_below(uint64_t *state, uint64_t limit);

/* TEST_SCALE of the environment, or 1: long tests multiply their rounds. */
double test_scale(void);

/*
 * Runs the suite of the program FILE and prints its last line,
 * "NAME: N passed, M failed".  Returns what main() is to return.
 */
int test_main(const char *file, Suite *(*suite)(void));

#define TEST_MAIN(suite)                                                       \
    int main(void)                                                             \
    {                                                                          \
        return test_main(__FILE__, suite);                                     \
    }

#endif
