/* slow_expr.c - a matcher of key expressions that tries everything. */
#include "slow_expr.h"

#include <string.h>

/* The chunks that are left; NULL behind the last. */
struct chunks {
    const char *text;
    size_t size;
};

static size_t
first_of(struct chunks chunks)
{
    const char *slash = memchr(chunks.text, '/', chunks.size);

    return slash == NULL ? chunks.size : (size_t)(slash - chunks.text);
}

static struct chunks
rest_of(struct chunks chunks)
{
    size_t first = first_of(chunks);
    struct chunks none = {NULL, 0};

    if (first == chunks.size)
        return none;
    chunks.text += first + 1;
    chunks.size -= first + 1;
    return chunks;
}

static bool
is_key(struct chunks key)
{
    while (key.text != NULL) {
        size_t first = first_of(key);

        if (first == 0)
            return false;
        for (size_t i = 0; i < first; i++)
            if (memchr("*$#?", key.text[i], 4) != NULL)
                return false;
        key = rest_of(key);
    }
    return true;
}

static bool
bytes_match(const char *p, size_t p_size, const char *b, size_t b_size)
{
    if (p_size == 0)
        return b_size == 0;
    if (p_size >= 2 && p[0] == '$' && p[1] == '*')
        return bytes_match(p + 2, p_size - 2, b, b_size) ||
               (b_size > 0 && bytes_match(p, p_size, b + 1, b_size - 1));
    return b_size > 0 && *p == *b &&
           bytes_match(p + 1, p_size - 1, b + 1, b_size - 1);
}

static bool
chunk_matches(const char *p, size_t p_size, const char *k, size_t k_size)
{
    if (*p == '@' || *k == '@')
        return p_size == k_size && memcmp(p, k, p_size) == 0;
    return (p_size == 1 && *p == '*') || bytes_match(p, p_size, k, k_size);
}

/* Tries everything that every wildcard can take. */
static bool
chunks_match(struct chunks expr, struct chunks key)
{
    size_t first;

    if (expr.text == NULL)
        return key.text == NULL;
    first = first_of(expr);
    if (first == 2 && memcmp(expr.text, "**", 2) == 0)
        return chunks_match(rest_of(expr), key) ||
               (key.text != NULL && *key.text != '@' &&
                chunks_match(expr, rest_of(key)));
    return key.text != NULL &&
           chunk_matches(expr.text, first, key.text, first_of(key)) &&
           chunks_match(rest_of(expr), rest_of(key));
}

bool
slow_expr_matches(const void *expr, size_t expr_size, const void *key,
                  size_t key_size)
{
    struct chunks expr_chunks = {expr, expr_size};
    struct chunks key_chunks = {key, key_size};

    return key_size > 0 && is_key(key_chunks) &&
           chunks_match(expr_chunks, key_chunks);
}
