/* account.c - what a damaged journal says of itself, as far as can be read. */
#include "repair/account.h"

#include <stdlib.h>

#include "base/error.h"
#include "journal/marks.h"

#define MARK_PREFIX 5u /* bytes of its key before the name */

static bool
is_named(struct jn_span key, const char *name)
{
    return jn_span_equal(key, jn_span(name, strlen(name)));
}

static int
add_mark(struct jn_account *account, struct jn_span key, uint64_t seq)
{
    size_t capacity = account->mark_capacity * 2 + 8;
    struct jn_account_mark *mark;

    if (account->mark_count == account->mark_capacity) {
        mark = realloc(account->marks, capacity * sizeof(*account->marks));
        if (mark == NULL)
            return ENOMEM;
        account->marks = mark;
        account->mark_capacity = capacity;
    }
    mark = &account->marks[account->mark_count++];
    memset(mark, 0, sizeof(*mark));
    memcpy(mark->name, key.data + MARK_PREFIX, key.size - MARK_PREFIX);
    mark->seq = seq;
    return 0;
}

/* Keeps what is of the state, until all of it is there; false if it is not. */
static bool
keep(struct jn_span key, struct jn_span value, const char *name, uint8_t *out,
     size_t capacity, size_t *size)
{
    if (!is_named(key, name))
        return false;
    *size = value.size <= capacity ? value.size : 0;
    (void)jn_span_copy(out, jn_span(value.data, *size));
    return true;
}

static bool
keep_state(struct jn_account *account, struct jn_span key, struct jn_span value)
{
    return keep(key, value, "next", account->next, sizeof(account->next),
                &account->next_size) ||
           keep(key, value, "first", account->first, sizeof(account->first),
                &account->first_size) ||
           keep(key, value, "totals", account->totals, sizeof(account->totals),
                &account->totals_size);
}

int
jn_account_add(struct jn_account *account, struct jn_span key,
               struct jn_span value)
{
    uint64_t seq;
    int rc;

    if (keep_state(account, key, value))
        return 0;
    if (is_named(key, "id")) {
        account->has_id = value.size == JN_ID_SIZE;
        if (account->has_id)
            memcpy(account->id, value.data, JN_ID_SIZE);
        account->bad += !account->has_id;
        return 0;
    }
    if (is_named(key, "tail")) {
        account->has_tail = jn_tail_row_decode(&account->tail, value) == 0;
        account->tail_bad = !account->has_tail;
        account->bad += account->tail_bad;
        return 0;
    }
    if (is_named(key, "rewinds")) {
        account->rewinds_bad = jn_cuts_decode(&account->rewinds, value) != 0;
        account->bad += account->rewinds_bad;
        return 0;
    }
    rc = jn_marks_decode(key, value, &seq);
    if (rc == 0)
        return add_mark(account, key, seq);
    account->bad += rc == JOURNAL_CORRUPT;
    return 0;
}

void
jn_account_settle(struct jn_account *account)
{
    account->has_state = jn_state_decode(
                             &account->state,
                             jn_span(account->next, account->next_size),
                             jn_span(account->first, account->first_size),
                             jn_span(account->totals, account->totals_size)) ==
                         0;
    account->bad += !account->has_state;
    if (account->rewinds_bad)
        memset(&account->rewinds, 0, sizeof(account->rewinds));
    account->has_rewinds = account->has_state && !account->rewinds_bad;
}

uint64_t
jn_account_size(const struct jn_account *account)
{
    const struct jn_tail_row *tail = &account->tail;

    if (!account->has_state)
        return 0;
    return account->has_tail && tail->open && tail->next == account->state.next
               ? tail->ahead
               : account->state.next;
}

/* Every change but a rewind raises one of these, and that the first. */
static bool
is_later(const struct jn_account *a, const struct jn_account *b)
{
    if (!b->has_state)
        return a->has_state;
    if (!a->has_state || a->rewinds.count != b->rewinds.count)
        return a->has_state && a->rewinds.count > b->rewinds.count;
    if (a->state.next != b->state.next)
        return a->state.next > b->state.next;
    if (a->state.first != b->state.first)
        return a->state.first > b->state.first;
    if (a->state.dense != b->state.dense)
        return a->state.dense > b->state.dense;
    return jn_account_size(a) > jn_account_size(b);
}

int
jn_account_take(struct jn_account *account, const struct jn_page *page)
{
    struct jn_account found = {.bad = 0};
    int rc = 0;

    for (unsigned i = 0; i < page->count && rc == 0; i++) {
        struct jn_node node;

        if (jn_page_node(page, i, &node) == 0 && node.flags == 0 &&
            node.key.size != 8)
            rc = jn_account_add(&found, node.key, node.value);
    }
    jn_account_settle(&found);
    if (rc == 0 && is_later(&found, account)) {
        struct jn_account old = *account;

        *account = found;
        found = old;
    }
    jn_account_free(&found);
    return rc;
}

void
jn_account_free(struct jn_account *account)
{
    free(account->marks);
    memset(account, 0, sizeof(*account));
}
