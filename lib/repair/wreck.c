/* wreck.c - a damaged journal, and what is missing in it. */
#include "repair/wreck.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "pages/freelist.h"
#include "format/links.h"
#include "store/lock.h"
#include "repair/search.h"
#include "journal/view.h"
#include "pages/walk.h"

/* The tables of a survey, in its order. */
enum table { META, ENTRIES, LATEST, TABLES };
static const char *const tables[TABLES] = {"meta", "entries", "latest"};

/* A survey in progress. */
struct survey {
    struct jn_wreck *wreck;
    const struct jn_wreck_progress *progress;
    uint64_t expected; /* number */
    uint64_t time;     /* of the last entry */
    uint64_t before;   /* bytes done in parts that are over */
};

/* ---- open, close --------------------------------------------------------- */

static int
open_data(struct jn_wreck *wreck)
{
    struct jn_path path = jn_path_in(wreck->directory, JN_STORE_FILE);

    wreck->file = open(path.text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (wreck->file < 0)
        return errno == ENOENT ? 0 : errno;
    if (fstat(wreck->file, &wreck->status) != 0)
        return errno;
    if (S_ISREG(wreck->status.st_mode))
        return 0;
    close(wreck->file);
    wreck->file = -1;
    return 0;
}

static int
open_pages(struct jn_wreck *wreck)
{
    int rc = jn_pages_open(&wreck->pages, wreck->file);

    wreck->sure = rc == 0;
    if (rc == JOURNAL_CORRUPT || rc == JOURNAL_UNSUPPORTED || rc == EIO) {
        wreck->pages_bad++;
        rc = jn_pages_open_any(&wreck->pages, wreck->file);
    }
    wreck->page_size = (size_t)sysconf(_SC_PAGESIZE);
    if (rc == 0)
        wreck->page_size = jn_pages_page_size(wreck->pages);
    else
        wreck->pages = NULL;
    return rc == JOURNAL_CORRUPT || rc == JOURNAL_UNSUPPORTED || rc == EIO ? 0
                                                                           : rc;
}

int
jn_wreck_open(struct jn_wreck *wreck, const char *directory)
{
    struct jn_tail_name name;
    int rc;

    memset(wreck, 0, sizeof(*wreck));
    wreck->file = -1;
    if (strlen(directory) >= sizeof(wreck->directory))
        return ENAMETOOLONG;
    memcpy(wreck->directory, directory, strlen(directory) + 1);
    rc = open_data(wreck);
    if (rc != 0 || wreck->file >= 0)
        return rc == 0 ? open_pages(wreck) : rc;
    return jn_tail_look(directory, &name) == JOURNAL_NOT_FOUND
               ? JOURNAL_NOT_FOUND
               : 0;
}

void
jn_wreck_close(struct jn_wreck *wreck)
{
    jn_pages_close(wreck->pages);
    jn_tail_close(wreck->tail);
    jn_account_free(&wreck->account);
    jn_gaps_free(&wreck->wanted);
    jn_gaps_free(&wreck->named);
    jn_gaps_free(&wreck->free_pages);
    jn_gaps_free(&wreck->doubtful);
    jn_finds_free(&wreck->finds);
    free(wreck->unlinked);
    free(wreck->bad_pages);
    if (wreck->file >= 0)
        close(wreck->file);
    wreck->file = -1;
}

/*
 * The first group that somebody appends goes into the data file, and so does
 * what moves marks, prunes or rewinds.
 */
bool
jn_wreck_has_changed(const struct jn_wreck *wreck)
{
    const struct stat *before = &wreck->status;
    struct stat now;

    if (jn_lock_has_writer(wreck->directory))
        return true;
    if (wreck->file < 0)
        return false;
    return fstat(wreck->file, &now) != 0 || now.st_size != before->st_size ||
           now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != before->st_mtim.tv_nsec;
}

/* ---- what the trees lead to ---------------------------------------------- */

/* The place of entry SEQ among those whose links are lost, or NULL. */
struct jn_unlinked *
jn_wreck_find_unlinked(const struct jn_wreck *wreck, uint64_t seq)
{
    size_t low = 0, high = wreck->unlinked_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (wreck->unlinked[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < wreck->unlinked_count && wreck->unlinked[low].seq == seq
               ? &wreck->unlinked[low]
               : NULL;
}

uint64_t
jn_wreck_revision(const struct jn_wreck *wreck, uint64_t seq)
{
    const struct jn_unlinked *unlinked = jn_wreck_find_unlinked(wreck, seq);

    return unlinked == NULL ? 0 : unlinked->revision;
}

static int
add_unlinked(struct jn_wreck *wreck, uint64_t seq)
{
    size_t capacity = wreck->unlinked_capacity * 2 + 16;
    struct jn_unlinked *list = wreck->unlinked;

    if (wreck->unlinked_count == wreck->unlinked_capacity) {
        list = realloc(list, capacity * sizeof(*list));
        if (list == NULL)
            return ENOMEM;
        wreck->unlinked = list;
        wreck->unlinked_capacity = capacity;
    }
    list[wreck->unlinked_count++] = (struct jn_unlinked){seq, 0};
    return 0;
}

/* Entry SEQ says of the one before what revision that had. */
static void
learn_revision(struct jn_wreck *wreck, uint64_t seq, struct jn_span row)
{
    struct jn_unlinked *before;
    struct jn_links links;

    if (wreck->unlinked_count == 0 || jn_links_decode(&links, &row, seq) != 0 ||
        links.prev == JOURNAL_NONE)
        return;
    before = jn_wreck_find_unlinked(wreck, links.prev);
    if (before != NULL)
        before->revision = links.revision - 1;
}

/* The same of a key's row. */
static void
learn_latest(struct jn_wreck *wreck, struct jn_span key, struct jn_span value)
{
    struct jn_unlinked *latest;
    struct jn_chain chain;

    if (wreck->unlinked_count == 0 || jn_view_chain(&chain, key, value) != 0)
        return;
    latest = jn_wreck_find_unlinked(wreck, chain.roots[0]);
    if (latest != NULL)
        latest->revision = chain.revision;
}

bool
jn_wreck_believes(const struct jn_wreck *wreck, uint64_t time,
                  struct jn_span key, struct jn_span row, struct jn_find *find)
{
    const struct jn_state *state = &wreck->account.state;
    uint64_t seq;

    if (key.size != 8)
        return false;
    seq = jn_get_be64(key.data);
    if (wreck->account.has_state && (seq < state->first || seq >= state->next))
        return false;
    return jn_search_is_entry(seq, row, find) && find->time >= time;
}

/* Below the dense part nothing else tells that an entry is missing. */
static int
note_bad(struct jn_wreck *wreck, struct jn_span key)
{
    struct jn_gaps *doubtful = &wreck->doubtful;
    uint64_t seq = key.size == 8 ? jn_get_be64(key.data) : JOURNAL_NONE;

    wreck->sound = false;
    if (!wreck->account.has_state || seq < wreck->account.state.first ||
        seq >= wreck->account.state.dense ||
        (doubtful->count > 0 &&
         seq < doubtful->list[doubtful->count - 1].limit))
        return 0;
    return jn_gaps_add(doubtful, seq, seq + 1);
}

static int
survey_entry(struct survey *survey, struct jn_span key, struct jn_span row)
{
    struct jn_wreck *wreck = survey->wreck;
    struct jn_find find = {.seq = 0};
    int rc;

    if (!jn_wreck_believes(wreck, survey->time, key, row, &find))
        return note_bad(wreck, key);
    if (find.seq < survey->expected)
        return 0;
    rc = jn_gaps_add(&wreck->wanted, survey->expected, find.seq);
    survey->expected = find.seq + 1;
    survey->time = find.time;
    if (find.linked)
        learn_revision(wreck, find.seq, row);
    else if (rc == 0)
        rc = add_unlinked(wreck, find.seq);
    return rc;
}

static int
take_row(void *context, unsigned table, struct jn_span key,
         struct jn_span value)
{
    struct survey *survey = context;

    if (table == META)
        return jn_account_add(&survey->wreck->account, key, value);
    if (table == ENTRIES)
        return survey_entry(survey, key, value);
    learn_latest(survey->wreck, key, value);
    return 0;
}

static int
end_table(void *context, unsigned table)
{
    struct survey *survey = context;
    struct jn_account *account = &survey->wreck->account;

    if (table != META)
        return 0;
    jn_account_settle(account);
    if (account->has_state)
        survey->expected = account->state.first;
    return 0;
}

static int
note_page(void *context, unsigned table, uint64_t page, const char *what)
{
    struct jn_wreck *wreck = ((struct survey *)context)->wreck;
    size_t capacity = wreck->bad_capacity * 2 + 64;
    uint64_t *list = wreck->bad_pages;

    (void)what;
    wreck->sound = false;
    wreck->pages_bad++;
    if (table != ENTRIES)
        return 0;
    if (wreck->bad_count == wreck->bad_capacity) {
        list = realloc(list, capacity * sizeof(*list));
        if (list == NULL)
            return ENOMEM;
        wreck->bad_pages = list;
        wreck->bad_capacity = capacity;
    }
    list[wreck->bad_count++] = page;
    return 0;
}

/* A survey goes over the file twice, and what follows once more. */
static int
tell(void *context, uint64_t done, uint64_t total)
{
    const struct survey *survey = context;
    const struct jn_wreck_progress *progress = survey->progress;
    uint64_t size = (uint64_t)survey->wreck->status.st_size;

    if (progress->tell == NULL)
        return 0;
    done = total > 0 && done < total
               ? (uint64_t)((double)done / (double)total * (double)size)
               : size;
    return progress->tell(progress->context, survey->before + done, 3 * size) !=
                   0
               ? ECANCELED
               : 0;
}

static int
compare(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

static int
name_pages(struct jn_wreck *wreck)
{
    int rc = 0;

    if (wreck->bad_count > 1)
        qsort(wreck->bad_pages, wreck->bad_count, sizeof(*wreck->bad_pages),
              compare);
    for (size_t i = 0; i < wreck->bad_count && rc == 0; i++) {
        uint64_t page = wreck->bad_pages[i];

        if (page < UINT64_MAX && (i == 0 || page > wreck->bad_pages[i - 1]))
            rc = jn_gaps_add(&wreck->named, page, page + 1);
    }
    return rc;
}

static int
survey_trees(struct survey *survey)
{
    struct jn_wreck *wreck = survey->wreck;
    const struct jn_walk_sink sink = {.context = survey,
                                      .tables = tables,
                                      .count = TABLES,
                                      .row = take_row,
                                      .done = end_table,
                                      .bad = note_page,
                                      .progress = tell};
    int rc = wreck->pages == NULL ? JOURNAL_CORRUPT
                                  : jn_walk(wreck->pages, &sink);

    if (rc != 0)
        wreck->sound = false;
    if (rc == 0 || rc == JOURNAL_CORRUPT)
        rc = jn_gaps_add(&wreck->wanted, survey->expected, JOURNAL_NONE);
    wreck->adrift = !wreck->account.has_state;
    wreck->sure = wreck->sure && !wreck->adrift;
    return rc == 0 ? name_pages(wreck) : rc;
}

/* ---- what lies elsewhere ------------------------------------------------- */

/* Where the tree does not say it, the newest leaf that was found does. */
static int
take_leaf(void *context, const struct jn_page *page)
{
    struct jn_wreck *wreck = ((struct survey *)context)->wreck;

    return jn_account_take(&wreck->account, page);
}

static int
search_pages(struct survey *survey)
{
    struct jn_wreck *wreck = survey->wreck;
    struct jn_search search = {.file = wreck->file,
                               .page_size = wreck->page_size,
                               .wanted = &wreck->wanted,
                               .named = &wreck->named,
                               .context = survey,
                               .progress = tell};
    int rc = JOURNAL_CORRUPT;

    if (wreck->file < 0 || (wreck->sound && wreck->sure))
        return 0;
    if (wreck->sure)
        rc = jn_freelist_read(wreck->pages, &wreck->free_pages);
    if (rc == 0) {
        search.free_pages = &wreck->free_pages;
        search.limit = jn_pages_meta(wreck->pages)->last_page + 1;
    } else if (rc != JOURNAL_CORRUPT && rc != EIO) {
        return rc;
    }
    if (!wreck->account.has_state)
        search.leaf = take_leaf;
    survey->before += (uint64_t)wreck->status.st_size;
    return jn_search(&search, &wreck->finds);
}

int
jn_wreck_survey(struct jn_wreck *wreck,
                const struct jn_wreck_progress *progress)
{
    struct survey survey = {.wreck = wreck, .progress = progress};
    int rc;

    wreck->sound = true;
    rc = survey_trees(&survey);
    if (rc == 0)
        rc = search_pages(&survey);
    return rc == 0 ? jn_wreck_search_tail(wreck) : rc;
}
