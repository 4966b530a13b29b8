/* keyexpr.c - journal_expr_check() and its kin. */
#include "base/error.h"
#include "format/expr.h"

int
journal_expr_check(const void *expr, size_t size)
{
    return jn_expr_is_canonical(jn_span(expr, size)) ? 0 : EINVAL;
}

int
journal_expr_canonize(void *expr, size_t *size)
{
    if (size == NULL || !jn_expr_is_valid(jn_span(expr, *size)))
        return EINVAL;
    *size = jn_expr_canonize(expr, *size);
    return 0;
}

int
journal_expr_matches(const void *expr, size_t expr_size, const void *key,
                     size_t key_size)
{
    struct jn_span pattern = {expr, expr_size}, bytes = {key, key_size};

    return jn_expr_is_canonical(pattern) && jn_expr_is_key(bytes) &&
           jn_expr_matches(pattern, bytes);
}

int
journal_expr_intersects(const void *a, size_t a_size, const void *b,
                        size_t b_size)
{
    struct jn_span left = {a, a_size}, right = {b, b_size};

    return jn_expr_is_canonical(left) && jn_expr_is_canonical(right) &&
           jn_expr_intersects(left, right);
}

int
journal_expr_includes(const void *a, size_t a_size, const void *b,
                      size_t b_size)
{
    struct jn_span left = {a, a_size}, right = {b, b_size};

    return jn_expr_is_canonical(left) && jn_expr_is_canonical(right) &&
           jn_expr_includes(left, right);
}
