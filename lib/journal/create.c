/* create.c - a new journal, whole or not there at all. */
#include "journal/create.h"

#include <limits.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk.h"
#include "base/error.h"
#include "base/path.h"
#include "journal/inspect.h"
#include "format/state.h"
#include "store/store.h"
#include "tail/tail.h"

static mode_t
with_x_bits(mode_t mode)
{
    return mode | (mode & 0444u) >> 2;
}

int
jn_create_directory_mode(const char *path, mode_t mode)
{
    struct stat status;

    /* The umask took bits away; those it does not know, as setgid, stay. */
    if (stat(path, &status) != 0 ||
        chmod(path, (status.st_mode & 07000u) | with_x_bits(mode)) != 0)
        return errno;
    return 0;
}

int
jn_create_directory(const char *path, mode_t mode)
{
    int rc;

    if (mkdir(path, with_x_bits(mode)) != 0)
        return errno == EEXIST ? JOURNAL_EXISTS : jn_error_from_errno(errno);
    rc = jn_create_directory_mode(path, mode);
    if (rc != 0)
        (void)rmdir(path);
    return rc;
}

static int
random_id(uint8_t id[JN_ID_SIZE])
{
    return getentropy(id, JN_ID_SIZE) == 0 ? 0 : errno;
}

static int
write_file(const char *path, mode_t mode, uint64_t first_seq)
{
    const struct jn_state state = {.next = first_seq,
                                   .first = first_seq,
                                   .dense = first_seq};
    struct jn_state_rows rows;
    uint8_t format[8], created[8], id[JN_ID_SIZE];
    const struct jn_row all[] = {
        {"format", {format, sizeof(format)}},
        {"created", {created, sizeof(created)}},
        {"id", {id, sizeof(id)}},
        {"next", {rows.next, sizeof(rows.next)}},
        {"first", {rows.first, sizeof(rows.first)}},
        {"totals", {rows.totals, JN_TOTALS_MIN}},
    };
    int rc = random_id(id);

    if (rc != 0)
        return rc;
    jn_put_be64(format, JN_FORMAT);
    jn_put_be64(created, jn_clock_now());
    jn_state_encode(&rows, &state);
    return jn_store_create(path, mode, all, sizeof(all) / sizeof(all[0]));
}

/*
 * The tail of a journal whose removal did not come to its end.  For good before
 * the file that tells that: without that it would seem to have lost its own.
 */
static int
remove_tail(const char *directory)
{
    struct jn_path tail = jn_path_in(directory, JN_TAIL_FILE);

    if (unlink(tail.text) == 0)
        return jn_disk_flush_directory(directory);
    return errno == ENOENT ? 0 : errno;
}

int
jn_create_data(const char *directory, mode_t mode, uint64_t first_seq)
{
    struct jn_path fresh = jn_path_in(directory, JN_NEW_FILE);
    struct jn_path final = jn_path_in(directory, JN_STORE_FILE);
    int rc = remove_tail(directory);

    if (rc != 0)
        return rc;

    if (unlink(fresh.text) != 0 && errno != ENOENT)
        return errno;
    rc = write_file(fresh.text, mode, first_seq);
    if (rc == 0 && rename(fresh.text, final.text) != 0)
        rc = jn_error_from_errno(errno);
    if (rc != 0) {
        unlink(fresh.text);
        return rc;
    }
    return jn_disk_flush_directory(directory);
}
