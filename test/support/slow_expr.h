/*
 * slow_expr.h - a matcher of key expressions that tries everything.
 *
 * It is so slow and simple that it cannot be wrong; what it says is what
 * journal_expr_matches() has to say.
 */
#ifndef TEST_SUPPORT_SLOW_EXPR_H
#define TEST_SUPPORT_SLOW_EXPR_H

#include <stdbool.h>
#include <stddef.h>

/* Whether EXPR, which is canonical, matches KEY, which may be any bytes. */
bool slow_expr_matches(const void *expr, size_t expr_size, const void *key,
                       size_t key_size);

#endif
