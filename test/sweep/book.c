/* book.c - what is known of a journal while its calls fail. */
#include "book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/test.h"

struct book *
book_new(void)
{
    return test_shared(sizeof(struct book));
}

void
book_free(struct book *book)
{
    test_unshare(book, sizeof(*book));
}

void
book_start(struct book *book, uint64_t salt)
{
    state_init(&book->now);
    book->life.salt = salt;
    book->life.count = 0;
    book->unsure = book->crowd = BOOK_SURE;
    book->is_copied = book->is_part = false;
    state_init(&book->copy);
    book->exists = book->may_be_gone = book->failed = false;
    book->errors = 0;
    book->step = 0;
    book->step_failed = false;
    book->wrong[0] = '\0';
}

void
book_complain(struct book *book, const char *format, ...)
{
    va_list rest;

    if (book->wrong[0] != '\0')
        return;
    va_start(rest, format);
    (void)vsnprintf(book->wrong, sizeof(book->wrong), format, rest);
    va_end(rest);
}

/* ---- what may be -------------------------------------------------------- */

/* IMAGE is STATE, but for what retention may have removed at its old end. */
static bool
is_like(const struct book *book, const struct state *state,
        const struct state *image)
{
    static struct life retention = {.count = 1};
    uint64_t keeps = book->keeps;

    if (state_equals(state, image))
        return true;
    if (keeps == 0 || image->size < keeps)
        return false;
    retention.deeds[0] = (struct deed){.kind = DEED_PRUNE,
                                       .seq = image->size - keeps,
                                       .asked = image->size - keeps};
    return state_is_between(state, &retention, 0, image);
}

/* IMAGE is STATE with deed NUMBER done. */
static bool
is_after(const struct book *book, uint32_t number, const struct state *image)
{
    static struct state after;

    state_copy(&after, &book->now);
    return state_apply(&after, &book->life, number) &&
           is_like(book, &after, image);
}

static bool
may_be_after(const struct book *book, uint32_t number,
             const struct state *image)
{
    return is_after(book, number, image) ||
           state_is_between(&book->now, &book->life, number, image);
}

bool
book_allows(const struct book *book, const struct state *image)
{
    return is_like(book, &book->now, image) ||
           (book->unsure != BOOK_SURE &&
            may_be_after(book, book->unsure, image));
}

void
book_decide(struct book *book, const struct state *image)
{
    if (!book_allows(book, image))
        book_complain(book, "it has %llu entries' numbers, %llu by the book",
                      (unsigned long long)image->size,
                      (unsigned long long)book->now.size);
    state_copy(&book->now, image);
    book->unsure = BOOK_SURE;
}

/* ---- deeds -------------------------------------------------------------- */

uint32_t
book_begin(struct book *book, const struct deed *deed)
{
    uint32_t number = book->life.count++;

    if (number >= LIFE_DEEDS)
        abort();
    book->life.deeds[number] = *deed;
    book->life.deeds[number].asked = deed->seq;
    return number;
}

void
book_done(struct book *book, uint32_t number, uint64_t seq)
{
    const struct deed *deed = &book->life.deeds[number];

    if (book->failed)
        book_complain(book, "deed %u succeeds after JOURNAL_FAILED", number);
    if (deed->kind == DEED_APPEND && seq != book->now.size)
        book_complain(book, "appended as %llu, and the size was %llu",
                      (unsigned long long)seq,
                      (unsigned long long)book->now.size);
    book->unsure = BOOK_SURE;
    if (deed->kind == DEED_APPEND)
        book->life.deeds[number].seq = seq;
    if (!state_apply(&book->now, &book->life, number))
        abort();
}

/* The caller was told that nothing was done. */
static bool
is_refusal(int rc)
{
    return rc == JOURNAL_FULL || rc == JOURNAL_READ_ONLY || rc == ENOMEM;
}

/* Removals go in steps, and those done are done. */
static bool
has_steps(const struct deed *deed)
{
    return deed->kind == DEED_PRUNE || deed->kind == DEED_COMPACT ||
           deed->kind == DEED_REWIND;
}

void
book_failed(struct book *book, uint32_t number, int rc,
            const struct state *image)
{
    const struct deed *deed = &book->life.deeds[number];
    bool nothing = book->failed || (is_refusal(rc) && !has_steps(deed)) ||
                   (rc == JOURNAL_FAILED && book->unsure != BOOK_SURE);

    book->life.deeds[number].result = rc;
    book->failed |= rc == JOURNAL_FAILED;
    if (is_like(book, &book->now, image)) {
        /* Whoever lets another one try has done nothing before. */
        if (!nothing)
            book->unsure = number;
    } else if (nothing) {
        book_complain(book, "deed %u, refused with %s, shows", number,
                      journal_errname(rc));
    } else if (may_be_after(book, number, image)) {
        book->unsure = is_after(book, number, image) ? BOOK_SURE : number;
    } else {
        book_complain(book, "after deed %u and %s it is something else", number,
                      journal_errname(rc));
    }
    state_copy(&book->now, image);
}
