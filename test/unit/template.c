/* template.c - a journal that is filled once, of which each test gets a copy.
 */
#include "template.h"

#include <limits.h>
#include <stdio.h>

#include "golden.h"
#include "support/test.h"

static char made[2 * PATH_MAX];

void
template_make(void (*fill)(struct journal *journal))
{
    struct journal *journal;

    (void)snprintf(made, sizeof(made), "%s", test_path("template"));
    ck_assert_int_eq(journal_open(made, NULL, &journal), 0);
    fill(journal);
    journal_close(journal);
}

struct journal *
template_open(void)
{
    const char *path = test_path("journal");
    struct journal *journal;

    golden_copy(path, made);
    ck_assert_int_eq(journal_open(path, NULL, &journal), 0);
    return journal;
}
