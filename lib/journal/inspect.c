/* inspect.c - what is in a directory, before anything in it is touched. */
#include "journal/inspect.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "store/lock.h"
#include "format/state.h"
#include "store/store.h"
#include "tail/tail.h"
#include "pages/walk.h"

/* What a look at the names in a directory has found. */
struct names {
    bool data;
    bool lock;  /* our own lock file */
    bool fresh; /* a data file that is made, or removed */
    bool tail;
    bool leftovers; /* names that mean something beside a lock file only */
    bool others;
};

static void
note_name(struct names *names, const char *name)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return;
    if (strcmp(name, JN_STORE_FILE) == 0)
        names->data = true;
    else if (strcmp(name, JN_LOCK_FILE) == 0)
        names->lock = true;
    else if (strcmp(name, JN_NEW_FILE) == 0)
        names->fresh = true;
    else if (strcmp(name, JN_TAIL_FILE) == 0)
        names->tail = true;
    else if (strcmp(name, JN_STORE_LOCK_FILE) == 0 ||
             strcmp(name, JN_TAIL_NEW_FILE) == 0)
        names->leftovers = true;
    else
        names->others = true;
}

int
jn_inspect_directory(const char *directory, enum jn_content *content)
{
    struct names names = {.data = false};
    struct dirent *entry;
    DIR *stream = opendir(directory);
    int rc;

    if (stream == NULL && errno == ENOENT) {
        *content = JN_CONTENT_ABSENT;
        return 0;
    }
    if (stream == NULL)
        return errno == ENOTDIR ? JOURNAL_UNSUPPORTED : errno;
    errno = 0;
    while ((entry = readdir(stream)) != NULL)
        note_name(&names, entry->d_name);
    rc = errno;
    closedir(stream);
    if (rc != 0)
        return rc; /* what was not seen may be there */
    if (names.data) {
        *content = JN_CONTENT_DATA;
        return 0;
    }
    names.leftovers |= names.fresh || names.tail;
    if (names.others || (names.leftovers && !names.lock))
        return JOURNAL_UNSUPPORTED;
    *content = names.tail && !names.fresh ? JN_CONTENT_REMAINS
                                          : JN_CONTENT_NOTHING;
    return 0;
}

/* Whether the file holds a journal, of a format that we know. */
static int
check_format(struct jn_pages *pages)
{
    uint8_t format[8];
    size_t size;
    int rc = jn_pages_find(pages, jn_table_names[JN_META], "format", format,
                           sizeof(format), &size);

    if (rc == JOURNAL_NOT_FOUND || rc == JOURNAL_TOO_BIG)
        return JOURNAL_UNSUPPORTED;
    if (rc != 0)
        return rc;
    if (size != sizeof(format) || jn_get_be64(format) < JN_FORMAT_OLDEST ||
        jn_get_be64(format) > JN_FORMAT)
        return JOURNAL_UNSUPPORTED;
    return 0;
}

int
jn_inspect_file(const char *directory, unsigned long long *size)
{
    struct jn_path path = jn_path_in(directory, JN_STORE_FILE);
    struct jn_pages *pages = NULL;
    int file, rc;

    file = open(path.text, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno;
    rc = jn_pages_open(&pages, file);
    if (rc == 0)
        rc = check_format(pages);
    if (rc == 0)
        rc = jn_walk_edges(pages, jn_table_names[JN_META]);
    if (rc == 0)
        *size = jn_pages_size(pages);
    jn_pages_close(pages);
    close(file);
    return rc;
}
