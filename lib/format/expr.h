/*
 * expr.h - key expressions, as Zenoh has them.
 *
 * An expression is chunks with a slash between.  `*` stands for one chunk, `**`
 * for any number of chunks, none included, and `$*` within a chunk for any
 * bytes of it, none included.  A chunk that begins with `@` is *verbatim*: only
 * the same chunk matches it, no wildcard does.
 *
 * A canonical expression has no `$*` alone in a chunk (that is `*`), no two in
 * a row, and in a run of `*` and `**` at most one `**`, at its end.
 *
 * All functions take time of at most the product of the two sizes, and no
 * memory but some KiB of stack.  An expression or key has at most
 * JOURNAL_KEY_MAX bytes.
 */
#ifndef JN_EXPR_H
#define JN_EXPR_H

#include "base/bytes.h"

/* Whether EXPR is an expression, canonical or not. */
bool jn_expr_is_valid(struct jn_span expr);
bool jn_expr_is_canonical(struct jn_span expr);

/* Whether KEY is a key that an expression may match: one without wildcards. */
bool jn_expr_is_key(struct jn_span key);

/* Makes the valid expression of SIZE bytes canonical; returns its new size. */
size_t jn_expr_canonize(uint8_t *expr, size_t size);

/* Whether the canonical EXPR matches KEY, for which jn_expr_is_key() holds. */
bool jn_expr_matches(struct jn_span expr, struct jn_span key);

/* Whether some key matches both A and B, canonical expressions. */
bool jn_expr_intersects(struct jn_span a, struct jn_span b);

/* Whether each key that matches B matches A as well. */
bool jn_expr_includes(struct jn_span a, struct jn_span b);

#endif
