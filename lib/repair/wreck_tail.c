/* wreck_tail.c - what there is of the tail of a damaged journal. */
#include <sys/stat.h>

#include "base/path.h"
#include "repair/frames.h"
#include "repair/wreck.h"

/*
 * Which tail is the journal's: as it says itself, or else as the tail does, if
 * that is of the same journal.
 */
static bool
find_name(const struct jn_wreck *wreck, struct jn_tail_name *name)
{
    const struct jn_account *account = &wreck->account;
    bool sound = jn_tail_look(wreck->directory, name) == 0;

    if (account->has_tail) {
        if (sound && name->salt != account->tail.salt)
            return false;
        name->salt = account->tail.salt;
        name->capacity = account->tail.capacity;
        return true;
    }
    if (!sound || (wreck->sure && !account->tail_bad))
        return false;
    return !account->has_id || memcmp(name->id, account->id, JN_TAIL_ID) == 0;
}

/* What is behind the store is there because the tail says so. */
static int
add_frames(struct jn_wreck *wreck, const struct jn_frames *frames)
{
    uint64_t next = wreck->account.has_state ? wreck->account.state.next : 0;
    int rc = 0;

    for (size_t i = 0; i < frames->count && rc == 0; i++) {
        const struct jn_stray *stray = &frames->list[i];
        struct jn_unlinked *before = jn_wreck_find_unlinked(wreck, stray->prev);
        struct jn_find find = stray->find;

        /* That one's row may be ahead of it, and not tell. */
        if (before != NULL && before->revision == 0 && stray->follows)
            before->revision = stray->revision - 1;
        if ((stray->flags & JN_FRAME_RUN) != 0 ||
            !(stray->follows || stray->drained) ||
            !jn_gaps_has(&wreck->wanted, find.seq))
            continue;
        find.kind = stray->follows && find.seq >= next ? JN_FIND_NAMED
                                                       : JN_FIND_TAIL;
        rc = jn_finds_add(&wreck->finds, &find);
    }
    jn_finds_sort(&wreck->finds);
    return rc;
}

/*
 * Whether the tail is not whole, or of another time than the store: nothing
 * tells then how many entries it had.
 */
static bool
is_tail_lost(const struct jn_wreck *wreck)
{
    const struct jn_tail_row *row = &wreck->account.tail;
    struct jn_path path = jn_path_in(wreck->directory, JN_TAIL_FILE);
    struct stat status = {.st_size = 0};
    uint8_t check[8] = {0};

    if (!wreck->account.has_tail)
        return wreck->account.tail_bad && wreck->tail == NULL;
    if (!row->open || wreck->tail == NULL)
        return row->open;
    (void)stat(path.text, &status);
    (void)jn_tail_read(wreck->tail, row->last, check, sizeof(check));
    return (uint64_t)status.st_size < jn_tail_file_size(wreck->tail) ||
           jn_get_le64(check) != row->last_check;
}

int
jn_wreck_search_tail(struct jn_wreck *wreck)
{
    const struct jn_tail_row *row = wreck->sure && wreck->account.has_tail
                                        ? &wreck->account.tail
                                        : NULL;
    struct jn_frames frames = {NULL, 0, 0};
    struct jn_tail_name name;
    int rc = JOURNAL_NOT_FOUND;

    if (find_name(wreck, &name))
        rc = jn_tail_open_any(&wreck->tail, wreck->directory, &name);
    wreck->tail_lost = is_tail_lost(wreck);
    if (rc == JOURNAL_NOT_FOUND || rc == JOURNAL_CORRUPT)
        return 0;
    if (rc == 0)
        rc = jn_frames_find(&frames, wreck->tail, row);
    if (rc == 0)
        rc = add_frames(wreck, &frames);
    jn_frames_free(&frames);
    return rc;
}
