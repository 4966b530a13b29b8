/* feed.c - a cursor's entries, by whichever call chance chooses. */
#include "feed.h"

#include <stdlib.h>

#include "support/chance.h"
#include "support/packer.h"
#include "trace.h"

#define SIZE_MAX_TRIED 20000u

/* A buffer of exactly SIZE bytes, so that a write beyond it shows. */
static void
make_buffer(struct feed *feed, size_t size)
{
    free(feed->bytes);
    feed->bytes = malloc(size > 0 ? size : 1);
    expect(feed->bytes != NULL, "out of memory");
    feed->at = feed->used = 0;
}

static int
fill(struct feed *feed)
{
    size_t size = below(one_in(3) ? 200 : SIZE_MAX_TRIED), count = 0;
    int rc;

    make_buffer(feed, size);
    rc = journal_fill(feed->cursor, feed->bytes, size, &feed->used, &count);
    if (rc == JOURNAL_TOO_BIG) {
        size_t needed = feed->used;

        expect(needed > size, "fill needs %zu of %zu", needed, size);
        make_buffer(feed, needed);
        rc = journal_fill(feed->cursor, feed->bytes, needed, &feed->used,
                          &count);
        expect(rc == 0 && count == 1 && feed->used == needed,
               "fill into what it needs: %s, %zu", journal_errname(rc), count);
    }
    expect(rc != 0 || count > 0, "fill gave nothing");
    return rc;
}

int
feed_next(struct feed *feed, const struct journal_entry **entry)
{
    if (feed->at == feed->used) {
        int rc = one_in(2) ? journal_next(feed->cursor, entry) : fill(feed);

        if (rc != 0 || feed->at == feed->used)
            return rc;
    }
    feed->at += packer_read(&feed->entry, feed->bytes + feed->at,
                            feed->used - feed->at);
    *entry = &feed->entry;
    return 0;
}

void
feed_end(struct feed *feed)
{
    free(feed->bytes);
    feed->bytes = NULL;
    feed->at = feed->used = 0;
}
