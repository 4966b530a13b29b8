/*
 * fast_dir.h - a directory for files whose flushes cost nothing.
 *
 * It is TMPDIR of the tests: TEST_FAST_DIR, or else /dev/shm where it can be
 * written.  An unchecked fixture: it belongs to the program, which outlives a
 * test that is killed.
 */
#ifndef TEST_SUPPORT_FAST_DIR_H
#define TEST_SUPPORT_FAST_DIR_H

void fast_dir_make(void);
void fast_dir_remove(void);

#endif
