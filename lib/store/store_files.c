/* store_files.c - whether the store's files are still those that are open. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "store/store_env.h"

/* Whether PATH leads to a file other than ID; an unreadable path does not. */
static bool
is_other_file(const char *path, const struct jn_file_id *id)
{
    struct stat status;

    return stat(path, &status) == 0 &&
           (status.st_dev != id->device || status.st_ino != id->inode);
}

int
jn_store_check_files(struct jn_store *store)
{
    struct jn_path path = jn_path_in(store->directory, JN_STORE_FILE);
    mdb_filehandle_t file;
    struct stat status;

    if (mdb_env_get_fd(store->env, &file) != 0 || fstat(file, &status) != 0)
        return EIO;
    if (status.st_nlink == 0)
        return ESTALE;
    if (is_other_file(path.text, &store->data_id))
        return ESTALE;
    if (store->options.immutable || stat(path.text, &status) != 0)
        return 0;
    path = jn_path_in(store->directory, JN_STORE_LOCK_FILE);
    if (is_other_file(path.text, &store->lock_id) ||
        (access(path.text, F_OK) != 0 && errno == ENOENT))
        return ESTALE;
    return 0;
}
