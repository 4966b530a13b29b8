/* frames.c - which frames of a damaged tail are entries of the journal. */
#include "repair/frames.h"

#include <stdlib.h>

#include "base/error.h"
#include "format/links.h"
#include "repair/search.h"

/* ---- all that there are -------------------------------------------------- */

/* What its links say, if there are any that are not lost. */
static void
note_links(struct jn_stray *stray, struct jn_span row)
{
    struct jn_links links;

    if (row.size == 0 || jn_links_decode(&links, &row, stray->find.seq) != 0)
        return;
    stray->prev = links.prev;
    stray->revision = links.revision;
}

static int
meet(void *context, uint64_t position, size_t size,
     const struct jn_frame *frame)
{
    struct jn_frames *frames = context;
    struct jn_stray stray = {.position = position,
                             .flushed = frame->flushed,
                             .size = (uint32_t)size,
                             .run = frame->run,
                             .next_run = frame->run,
                             .flags = frame->flags,
                             .prev = JOURNAL_NONE};
    size_t capacity = frames->capacity * 2 + 256;
    struct jn_stray *list = frames->list;

    stray.find.seq = frame->seq;
    if ((frame->flags & JN_FRAME_RUN) != 0)
        stray.next_run = jn_get_le32(frame->chain.data);
    else if (!jn_search_is_entry(frame->seq, frame->row, &stray.find))
        return 0;
    note_links(&stray, frame->row);
    stray.find.place = position + JN_FRAME_HEADER;
    stray.find.in_tail = true;
    if (frames->count == frames->capacity) {
        list = realloc(list, capacity * sizeof(*list));
        if (list == NULL)
            return ENOMEM;
        frames->list = list;
        frames->capacity = capacity;
    }
    list[frames->count++] = stray;
    return 0;
}

static int
compare(const void *left, const void *right)
{
    const struct jn_stray *a = left, *b = right;

    return a->position < b->position ? -1 : a->position > b->position;
}

/* ---- those that follow on ------------------------------------------------ */

/* What the next frame has to be. */
struct thread {
    struct jn_frames *frames;
    size_t at, limit; /* frames that are looked at */
    uint64_t position, next;
    uint64_t flushed; /* all below this was on the disk, says the index */
    uint32_t run;
};

static bool
is_next(const struct thread *thread, const struct jn_stray *stray)
{
    return stray->position == thread->position && stray->run == thread->run &&
           stray->find.seq == thread->next;
}

static void
pass(struct thread *thread, const struct jn_stray *stray)
{
    bool entry = (stray->flags & JN_FRAME_RUN) == 0;

    thread->position = stray->position + stray->size;
    thread->next = stray->find.seq + entry;
    thread->run = stray->next_run;
    thread->at++;
}

/*
 * Looks for a frame that was written when what is missing here had been
 * flushed; LIMIT: there is none.  What lies below that had been, too, and is of
 * the journal; else it is the first of those that the frame follows on.  What
 * the index is ahead of needs no other witness.
 */
static size_t
find_witness(const struct thread *thread)
{
    const struct jn_stray *list = thread->frames->list;
    size_t i = thread->at;

    if (i < thread->limit && list[i].position < thread->flushed)
        return i;
    while (i < thread->limit && list[i].flushed <= thread->position)
        i++;
    if (i == thread->limit)
        return i;
    if (list[thread->at].position < list[i].flushed)
        return thread->at;
    while (i > thread->at) {
        struct thread before = *thread;

        pass(&before, &list[i - 1]);
        if (!is_next(&before, &list[i]))
            break;
        i--;
    }
    return i;
}

/*
 * The last batch may lack its end, and was acknowledged to nobody then; if the
 * index is not ahead of it.
 */
static void
drop_torn(struct thread *thread, size_t first)
{
    struct jn_stray *list = thread->frames->list;

    for (size_t i = thread->at; i > first; i--) {
        if (list[i - 1].position < thread->flushed)
            return;
        if ((list[i - 1].flags & JN_FRAME_RUN) != 0)
            continue;
        if ((list[i - 1].flags & JN_FRAME_MORE) == 0)
            return;
        list[i - 1].follows = false;
    }
}

/* Goes along the thread, over what is damaged, to its end. */
static void
follow(struct thread *thread)
{
    struct jn_stray *list = thread->frames->list;
    size_t first = thread->at;

    for (;;) {
        size_t witness;

        while (thread->at < thread->limit &&
               is_next(thread, &list[thread->at])) {
            list[thread->at].follows = true;
            pass(thread, &list[thread->at]);
        }
        witness = find_witness(thread);
        if (witness == thread->limit)
            break;
        thread->at = first = witness;
        thread->position = list[witness].position;
        thread->next = list[witness].find.seq;
        thread->run = list[witness].run;
    }
    drop_torn(thread, first);
}

/* Where numbers go back, those from there on had been taken back. */
static void
take_back(struct jn_frames *frames, size_t from, size_t limit)
{
    uint64_t lowest = UINT64_MAX;

    for (size_t i = limit; i > from; i--) {
        struct jn_stray *stray = &frames->list[i - 1];

        if (!stray->follows)
            continue;
        if (stray->find.seq >= lowest)
            stray->follows = false;
        else
            lowest = stray->find.seq;
    }
}

/* Those from number FROM on that lie behind one another. */
static void
follow_any(struct jn_frames *frames, size_t from, size_t limit)
{
    struct thread thread = {.frames = frames, .at = from, .limit = limit};
    const struct jn_stray *first;

    if (from == limit)
        return;
    first = &frames->list[from];
    thread.position = first->position;
    thread.next = first->find.seq;
    thread.run = first->run;
    follow(&thread);
    take_back(frames, from, limit);
}

/* The first frame at or behind POSITION. */
static size_t
find_position(const struct jn_frames *frames, uint64_t position)
{
    size_t i = 0;

    while (i < frames->count && frames->list[i].position < position)
        i++;
    return i;
}

/* Up to START all has been drained, or taken back. */
static void
follow_drained(struct jn_frames *frames, size_t start)
{
    follow_any(frames, 0, start);
    for (size_t i = 0; i < start; i++) {
        struct jn_stray *stray = &frames->list[i];

        stray->drained = stray->follows;
        stray->follows = false;
        stray->find.kind = JN_FIND_TAIL;
    }
}

int
jn_frames_find(struct jn_frames *frames, struct jn_tail *tail,
               const struct jn_tail_row *row)
{
    struct thread thread = {.frames = frames};
    int rc = jn_tail_hunt(tail, meet, frames);

    if (rc != 0)
        return rc;
    if (frames->count > 1)
        qsort(frames->list, frames->count, sizeof(*frames->list), compare);
    if (row == NULL) {
        follow_any(frames, 0, frames->count);
        return 0;
    }
    if (!row->open) {
        follow_drained(frames, frames->count);
        return 0;
    }
    thread.at = find_position(frames, row->start);
    thread.limit = find_position(frames, row->start + row->capacity);
    thread.position = row->start;
    thread.next = row->next;
    thread.run = row->run;
    if (jn_tail_row_is_ahead(row))
        thread.flushed = row->ahead_end;
    follow_drained(frames, thread.at);
    follow(&thread);
    return 0;
}

void
jn_frames_free(struct jn_frames *frames)
{
    free(frames->list);
    *frames = (struct jn_frames){NULL, 0, 0};
}
