/* expr.c - key expressions, as Zenoh has them. */
#include "format/expr.h"

#include <assert.h>

#include "base/error.h"

#define CHUNKS_MAX (JOURNAL_KEY_MAX / 2 + 1)

/* ---- chunks and tokens -------------------------------------------------- */

/*
 * Takes the next chunk off the front of REST, whose data is NULL behind the
 * last one; then false.  Behind a slash at the end there is an empty chunk.
 */
static bool
next_chunk(struct jn_span *rest, struct jn_span *chunk)
{
    const uint8_t *start = rest->data;
    const uint8_t *slash;

    if (start == NULL)
        return false;
    slash = memchr(start, '/', rest->size);
    if (slash == NULL) {
        *chunk = *rest;
        *rest = jn_span(NULL, 0);
        return true;
    }
    *chunk = jn_span(start, (size_t)(slash - start));
    *rest = jn_span(slash + 1, rest->size - chunk->size - 1);
    return true;
}

static bool
is_text(struct jn_span chunk, const char *text)
{
    return jn_span_equal(chunk, jn_span(text, strlen(text)));
}

static bool
is_one(struct jn_span chunk)
{
    return is_text(chunk, "*");
}

static bool
is_many(struct jn_span chunk)
{
    return is_text(chunk, "**");
}

static bool
is_verbatim(struct jn_span chunk)
{
    return chunk.size > 0 && chunk.data[0] == '@';
}

/* Whether a `$*` stands at AT of CHUNK. */
static bool
is_star(struct jn_span chunk, size_t at)
{
    return chunk.size - at >= 2 && chunk.data[at] == '$' &&
           chunk.data[at + 1] == '*';
}

/* How long the token at AT is: a `$*` or a byte. */
static size_t
token_size(struct jn_span chunk, size_t at)
{
    return is_star(chunk, at) ? 2 : 1;
}

static bool
has_star(struct jn_span chunk)
{
    return chunk.size > 0 && memchr(chunk.data, '$', chunk.size) != NULL;
}

/* ---- what is an expression ---------------------------------------------- */

static bool
is_valid_chunk(struct jn_span chunk)
{
    if (chunk.size == 0)
        return false;
    if (is_one(chunk) || is_many(chunk))
        return true;
    for (size_t at = 0; at < chunk.size; at += token_size(chunk, at)) {
        uint8_t byte = chunk.data[at];

        if (byte == '#' || byte == '?' || byte == '*' ||
            (byte == '$' && !is_star(chunk, at)))
            return false;
    }
    return true;
}

bool
jn_expr_is_valid(struct jn_span expr)
{
    struct jn_span rest = expr;
    struct jn_span chunk;

    if (expr.data == NULL || expr.size == 0 || expr.size > JOURNAL_KEY_MAX)
        return false;
    while (next_chunk(&rest, &chunk)) {
        if (!is_valid_chunk(chunk))
            return false;
    }
    return true;
}

static bool
is_canonical_chunk(struct jn_span chunk)
{
    if (is_text(chunk, "$*"))
        return false;
    for (size_t at = 0; at + 2 < chunk.size; at++) {
        if (is_star(chunk, at) && is_star(chunk, at + 2))
            return false;
    }
    return true;
}

bool
jn_expr_is_canonical(struct jn_span expr)
{
    struct jn_span rest = expr;
    struct jn_span chunk;
    bool after_many = false;

    if (!jn_expr_is_valid(expr))
        return false;
    while (next_chunk(&rest, &chunk)) {
        if (!is_canonical_chunk(chunk) ||
            (after_many && (is_one(chunk) || is_many(chunk))))
            return false;
        after_many = is_many(chunk);
    }
    return true;
}

bool
jn_expr_is_key(struct jn_span key)
{
    return jn_expr_is_valid(key) && memchr(key.data, '*', key.size) == NULL;
}

/* ---- canonical form ----------------------------------------------------- */

/* An expression that is written over the one that is read, never past it. */
struct writer {
    uint8_t *start;
    uint8_t *end;
};

static void
start_chunk(struct writer *writer)
{
    if (writer->end > writer->start)
        *writer->end++ = '/';
}

static void
write_run(struct writer *writer, size_t ones, bool many)
{
    for (; ones > 0; ones--) {
        start_chunk(writer);
        *writer->end++ = '*';
    }
    if (many) {
        start_chunk(writer);
        *writer->end++ = '*';
        *writer->end++ = '*';
    }
}

/* Whether CHUNK is `*`, or would be: any number of `$*` and nothing else. */
static bool
means_one(struct jn_span chunk)
{
    if (is_one(chunk))
        return true;
    for (size_t at = 0; at < chunk.size; at += 2) {
        if (!is_star(chunk, at))
            return false;
    }
    return true;
}

/* Copies CHUNK with one `$*` for each row of them. */
static void
write_chunk(struct writer *writer, struct jn_span chunk)
{
    bool after_star = false;

    start_chunk(writer);
    for (size_t at = 0; at < chunk.size;) {
        size_t size = token_size(chunk, at);

        if (size == 1) {
            *writer->end++ = chunk.data[at];
        } else if (!after_star) {
            *writer->end++ = '$';
            *writer->end++ = '*';
        }
        after_star = size == 2;
        at += size;
    }
}

size_t
jn_expr_canonize(uint8_t *expr, size_t size)
{
    struct writer writer = {expr, expr};
    struct jn_span rest = jn_span(expr, size);
    struct jn_span chunk;
    size_t ones = 0;
    bool many = false;

    assert(jn_expr_is_valid(jn_span(expr, size)));
    while (next_chunk(&rest, &chunk)) {
        if (is_many(chunk)) {
            many = true;
        } else if (means_one(chunk)) {
            ones++;
        } else {
            write_run(&writer, ones, many);
            ones = 0;
            many = false;
            write_chunk(&writer, chunk);
        }
    }
    write_run(&writer, ones, many);
    return (size_t)(writer.end - expr);
}

/* ---- an expression and a key -------------------------------------------- */

/*
 * Both levels, bytes in a chunk and chunks in a key, go by the same way: take
 * what matches, and when something does not, let the last wildcard that takes
 * any number take one more.  An earlier one need not: what came after it has
 * been found as early as it can be.
 */
static bool
bytes_match(struct jn_span pattern, struct jn_span bytes)
{
    size_t p = 0, b = 0;
    size_t star = SIZE_MAX, taken = 0;

    while (b < bytes.size) {
        if (p < pattern.size && is_star(pattern, p)) {
            star = p;
            taken = b;
            p += 2;
        } else if (p < pattern.size && pattern.data[p] == bytes.data[b]) {
            p++;
            b++;
        } else if (star != SIZE_MAX) {
            p = star + 2;
            b = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.size && is_star(pattern, p))
        p += 2;
    return p == pattern.size;
}

static bool
chunk_matches(struct jn_span pattern, struct jn_span chunk)
{
    if (is_verbatim(pattern) || is_verbatim(chunk))
        return jn_span_equal(pattern, chunk);
    if (is_one(pattern))
        return true;
    return has_star(pattern) ? bytes_match(pattern, chunk)
                             : jn_span_equal(pattern, chunk);
}

bool
jn_expr_matches(struct jn_span expr, struct jn_span key)
{
    struct jn_span patterns = expr, chunks = key;
    struct jn_span after_many = {NULL, 0}, taken = {NULL, 0};
    struct jn_span pattern, chunk;
    bool any = false;

    while (chunks.data != NULL) {
        struct jn_span next_patterns = patterns, next_chunks = chunks;
        bool has = next_chunk(&next_patterns, &pattern);

        (void)next_chunk(&next_chunks, &chunk);
        if (has && is_many(pattern)) {
            any = true;
            patterns = after_many = next_patterns;
            taken = chunks;
        } else if (has && chunk_matches(pattern, chunk)) {
            patterns = next_patterns;
            chunks = next_chunks;
        } else if (any && next_chunk(&taken, &chunk) && !is_verbatim(chunk)) {
            patterns = after_many;
            chunks = taken;
        } else {
            return false;
        }
    }
    while (next_chunk(&patterns, &pattern)) {
        if (!is_many(pattern))
            return false;
    }
    return true;
}

/* ---- two expressions ---------------------------------------------------- */

/*
 * A row of a table: which lengths of B's beginning go with the beginning of A
 * that has been read.  The next row follows from it, and the last place of the
 * last row is the answer.
 */
struct row {
    uint8_t bits[(JOURNAL_KEY_MAX + 1) / 8 + 1];
};

static void
clear(struct row *row, size_t count)
{
    memset(row->bits, 0, count / 8 + 1);
}

static bool
get(const struct row *row, size_t at)
{
    return (row->bits[at / 8] >> at % 8 & 1) != 0;
}

static void
set(struct row *row, size_t at)
{
    row->bits[at / 8] |= (uint8_t)(1u << at % 8);
}

/*
 * Fills the NEXT row from THIS one, for the token of A at I.  A `$*` of B
 * takes tokens of A only if BOTH are asked for: in an intersection.
 */
static void
step_tokens(struct row *this, struct row *next, struct jn_span a, size_t i,
            struct jn_span b, bool both)
{
    bool star = i < a.size && is_star(a, i);
    size_t j = 0, count = 0;

    for (; j < b.size; j += token_size(b, j), count++) {
        bool star_b = is_star(b, j);

        if (!get(this, count))
            continue;
        if (star || (both && star_b))
            set(this, count + 1);
        if (i == a.size)
            continue;
        if (star || (both && star_b))
            set(next, count);
        else if (!star_b && a.data[i] == b.data[j])
            set(next, count + 1);
    }
    if (star && get(this, count))
        set(next, count);
}

static size_t
count_tokens(struct jn_span chunk)
{
    size_t count = 0;

    for (size_t at = 0; at < chunk.size; at += token_size(chunk, at))
        count++;
    return count;
}

/* Whether patterns A and B of one chunk meet (BOTH), or A includes B. */
static bool
tokens_go(struct jn_span a, struct jn_span b, bool both)
{
    struct row rows[2];
    size_t count = count_tokens(b), i = 0;
    unsigned now = 0;

    clear(&rows[0], count);
    set(&rows[0], 0);
    while (i < a.size) {
        clear(&rows[!now], count);
        step_tokens(&rows[now], &rows[!now], a, i, b, both);
        i += token_size(a, i);
        now = !now;
    }
    clear(&rows[!now], count);
    step_tokens(&rows[now], &rows[!now], a, i, b, both);
    return get(&rows[now], count);
}

static bool
chunks_go(struct jn_span a, struct jn_span b, bool both)
{
    if (is_verbatim(a) || is_verbatim(b))
        return jn_span_equal(a, b);
    if (is_one(a) || (both && is_one(b)))
        return true;
    if (is_one(b))
        return false;
    if (!has_star(a) && !has_star(b))
        return jn_span_equal(a, b);
    return tokens_go(a, b, both);
}

/* The same a level higher: A is a chunk, or NULL behind the last one. */
static void
step_chunks(struct row *this, struct row *next, const struct jn_span *a,
            struct jn_span expr, bool both)
{
    bool many = a != NULL && is_many(*a);
    struct jn_span rest = expr;
    struct jn_span b;
    size_t count = 0;

    for (; next_chunk(&rest, &b); count++) {
        bool many_b = is_many(b);

        if (!get(this, count))
            continue;
        if ((both && many_b) || (many && !is_verbatim(b)))
            set(this, count + 1);
        if (a == NULL)
            continue;
        if (many || (both && many_b && !is_verbatim(*a)))
            set(next, count);
        else if (!many_b && chunks_go(*a, b, both))
            set(next, count + 1);
    }
    if (many && get(this, count))
        set(next, count);
}

static size_t
count_chunks(struct jn_span expr)
{
    struct jn_span rest = expr;
    struct jn_span chunk;
    size_t count = 0;

    while (next_chunk(&rest, &chunk))
        count++;
    return count;
}

static bool
exprs_go(struct jn_span a, struct jn_span b, bool both)
{
    struct row rows[2];
    struct jn_span rest = a;
    struct jn_span chunk;
    size_t count = count_chunks(b);
    unsigned now = 0;

    assert(count <= CHUNKS_MAX);
    clear(&rows[0], count);
    set(&rows[0], 0);
    while (next_chunk(&rest, &chunk)) {
        clear(&rows[!now], count);
        step_chunks(&rows[now], &rows[!now], &chunk, b, both);
        now = !now;
    }
    clear(&rows[!now], count);
    step_chunks(&rows[now], &rows[!now], NULL, b, both);
    return get(&rows[now], count);
}

bool
jn_expr_intersects(struct jn_span a, struct jn_span b)
{
    return exprs_go(a, b, true);
}

bool
jn_expr_includes(struct jn_span a, struct jn_span b)
{
    return exprs_go(a, b, false);
}
