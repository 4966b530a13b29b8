/*
 * template.h - a journal that is filled once, of which each test gets a copy.
 *
 * For journals that take longer to fill than a test takes with them.
 */
#ifndef TEST_UNIT_TEMPLATE_H
#define TEST_UNIT_TEMPLATE_H

#include <journal.h>

/* For an unchecked fixture, behind fast_dir_make(): FILL fills a new one. */
void template_make(void (*fill)(struct journal *journal));

/* A copy in the test's directory, in whose store all of it is. */
struct journal *template_open(void);

#endif
