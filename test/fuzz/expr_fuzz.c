/*
 * expr_fuzz.c - key expressions, compared with a matcher that tries everything.
 *
 * An input is two texts with a line's end between them, each of which may be an
 * expression, and may be a key.
 */
#include <errno.h>
#include <journal.h>
#include <string.h>

#include "base/bytes.h"
#include "fuzz.h"
#include "support/slow_expr.h"

/* The slow matcher would not come to an end of larger ones. */
#define SLOW_MAX 24u

/* A canonical one in memory of its own, or no bytes at all. */
static struct jn_span
canonical(struct jn_span text)
{
    uint8_t *copy = malloc(text.size + 1);
    size_t size = text.size, again;
    int rc;

    fuzz_check(copy != NULL, "there is memory");
    (void)jn_span_copy(copy, text);
    rc = journal_expr_canonize((char *)copy, &size);
    fuzz_check(rc == 0 || rc == EINVAL, "an error of this kind");
    if (rc != 0) {
        fuzz_check(size == text.size &&
                       (size == 0 || memcmp(copy, text.data, size) == 0),
                   "what is refused is left as it was");
        fuzz_check(journal_expr_check((const char *)text.data, text.size) != 0,
                   "it is not canonical either");
        free(copy);
        return jn_span(NULL, 0);
    }
    again = size;
    fuzz_check(size <= text.size, "it does not grow");
    fuzz_check(journal_expr_check((char *)copy, size) == 0, "it is canonical");
    fuzz_check(journal_expr_canonize((char *)copy, &again) == 0 &&
                   again == size,
               "and stays so");
    return jn_span(copy, size);
}

static bool
matches(struct jn_span expr, struct jn_span key)
{
    return journal_expr_matches((const char *)expr.data, expr.size, key.data,
                                key.size) == 1;
}

static bool
includes(struct jn_span a, struct jn_span b)
{
    return journal_expr_includes((const char *)a.data, a.size,
                                 (const char *)b.data, b.size) == 1;
}

static bool
intersects(struct jn_span a, struct jn_span b)
{
    return journal_expr_intersects((const char *)a.data, a.size,
                                   (const char *)b.data, b.size) == 1;
}

static void
check_key(struct jn_span expr, struct jn_span key)
{
    bool does = matches(expr, key);

    if (expr.size <= SLOW_MAX && key.size <= SLOW_MAX)
        fuzz_check(does == slow_expr_matches(expr.data, expr.size, key.data,
                                             key.size),
                   "the slow matcher says the same");
}

static void
check_pair(struct jn_span a, struct jn_span b)
{
    bool meet = intersects(a, b), a_has_b = includes(a, b);

    fuzz_check(meet == intersects(b, a), "two meet each other");
    fuzz_check(meet || !a_has_b, "one within another meets it");
}

/* A key that is in one of the two. */
static void
check_member(struct jn_span a, struct jn_span b, struct jn_span key)
{
    bool in_a = matches(a, key), in_b = matches(b, key);

    fuzz_check(!in_a || !in_b || intersects(a, b), "they meet in a key");
    fuzz_check(in_a || !in_b || !includes(a, b), "a key is outside");
}

static void
check_texts(struct jn_span left, struct jn_span right)
{
    struct jn_span a = canonical(left), b = canonical(right);

    if (a.size > 0) {
        fuzz_check(includes(a, a) && intersects(a, a), "one is within itself");
        check_key(a, right);
    }
    if (a.size > 0 && b.size > 0) {
        check_pair(a, b);
        check_pair(b, a);
        check_member(a, b, left);
        check_member(a, b, right);
    }
    free((void *)(uintptr_t)a.data);
    free((void *)(uintptr_t)b.data);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
    size_t left = end == NULL ? size : (size_t)(end - data);

    check_texts(jn_span(data, left), end == NULL
                                         ? jn_span(data, 0)
                                         : jn_span(end + 1, size - left - 1));
    return 0;
}
