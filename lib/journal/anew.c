/* anew.c - the store's file, made sure of after a write that failed. */
#include "journal/anew.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/error.h"
#include "pages/pages.h"
#include "store/store.h"

#define META_PAGES 2u

static int
open_data(const char *directory, int *file)
{
    char path[PATH_MAX + sizeof("/" JN_STORE_FILE)];

    (void)snprintf(path, sizeof(path), "%s/%s", directory, JN_STORE_FILE);
    *file = open(path, O_RDWR | O_CLOEXEC);
    return *file < 0 ? errno : 0;
}

int
jn_anew_read(const char *directory)
{
    char path[PATH_MAX + sizeof("/" JN_STORE_FILE)];

    (void)snprintf(path, sizeof(path), "%s/%s", directory, JN_STORE_FILE);
    return jn_disk_read_anew(path);
}

static int
write_metas(int file, const struct jn_pages *pages)
{
    size_t size = META_PAGES * jn_pages_page_size(pages);
    uint8_t *metas = malloc(size);
    ssize_t written = 0;
    int rc = metas == NULL ? ENOMEM
                           : jn_pages_load(pages, 0, META_PAGES, metas);

    if (rc == 0) {
        written = pwrite(file, metas, size, 0);
        rc = written < 0 ? errno : (size_t)written < size ? EIO : 0;
    }
    if (rc == 0 && fdatasync(file) != 0)
        rc = errno;
    free(metas);
    return rc;
}

/* What is wrong with the pages whoever looks at them next finds out. */
int
jn_anew_write(const char *directory)
{
    struct jn_pages *pages = NULL;
    int file, rc = open_data(directory, &file);

    if (rc != 0)
        return rc;
    if (jn_pages_open(&pages, file) == 0)
        rc = write_metas(file, pages);
    jn_pages_close(pages);
    close(file);
    return rc;
}
