/* store_pin.c - snapshots whose pages stay as they are, for long readers. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "store/store_env.h"

/* The data file once more, if it is still the one that is open. */
static int
open_file(struct jn_store *store, int *out)
{
    struct jn_path path = jn_path_in(store->directory, JN_STORE_FILE);
    struct stat status;
    int file;

    file = open(path.text, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? ESTALE : errno;
    if (fstat(file, &status) != 0 || status.st_dev != store->data_id.device ||
        status.st_ino != store->data_id.inode) {
        close(file);
        return ESTALE;
    }
    *out = file;
    return 0;
}

int
jn_store_pin(struct jn_txn *txn, struct jn_pin *pin)
{
    struct jn_store *store = txn->store;
    int rc;

    memset(pin, 0, sizeof(*pin));
    rc = open_file(store, &pin->file);
    if (rc != 0) {
        jn_store_end_read(txn);
        return rc;
    }
    jn_recent_leave(&txn->look);
    pin->store = store;
    pin->handle = txn->handle;
    pin->number = jn_store_number(txn);
    pthread_mutex_lock(&store->pins_lock);
    pin->next = store->pins;
    store->pins = pin;
    pthread_mutex_unlock(&store->pins_lock);
    pthread_rwlock_unlock(&store->gate);
    return 0;
}

bool
jn_store_unpin(struct jn_pin *pin)
{
    struct jn_store *store = pin->store;
    struct jn_pin **at = &store->pins;
    bool held;

    close(pin->file);
    pthread_rwlock_rdlock(&store->gate);
    pthread_mutex_lock(&store->pins_lock);
    while (*at != pin)
        at = &(*at)->next;
    *at = pin->next;
    held = pin->handle != NULL;
    if (held)
        mdb_txn_abort(pin->handle);
    pthread_mutex_unlock(&store->pins_lock);
    pthread_rwlock_unlock(&store->gate);
    return held;
}

void
jn_store_lose_pins(struct jn_store *store)
{
    for (struct jn_pin *pin = store->pins; pin != NULL; pin = pin->next) {
        if (pin->handle != NULL)
            mdb_txn_abort(pin->handle);
        pin->handle = NULL;
    }
}
