/* anew.c - the store's file, made sure of after a write that failed. */
#include "journal/anew.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/error.h"
#include "base/path.h"
#include "pages/pages.h"
#include "store/store.h"

#define META_PAGES 2u

int
jn_anew_read(const char *directory)
{
    struct jn_path path = jn_path_in(directory, JN_STORE_FILE);

    return jn_disk_read_anew(path.text);
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

int
jn_anew_write(const char *directory)
{
    struct jn_path path = jn_path_in(directory, JN_STORE_FILE);
    struct jn_pages *pages = NULL;
    int file = open(path.text, O_RDWR | O_CLOEXEC), rc;

    if (file < 0)
        return errno;
    rc = jn_pages_open(&pages, file);
    if (rc == 0)
        rc = write_metas(file, pages);
    else if (rc < 0)
        rc = 0; /* what is wrong with them whoever reads them next finds out */
    jn_pages_close(pages);
    close(file);
    return rc;
}
