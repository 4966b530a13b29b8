/*
 * engine_file.c - records written one behind the other, and nothing else.
 *
 * No index, no checksum, no counter: what the disk and the kernel allow.  Space
 * is prepared in zeros ahead of need, as in our tail, so that a flush has no
 * metadata to write; the first record without a time is the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "engine.h"
#include "record.h"

#define STEP (UINT32_C(4) << 20) /* of zeros */

struct engine_db {
    int file;
    size_t end;
    size_t size; /* of the file */
    pthread_mutex_t appending;
    bool durable;
    bool keyless;
};

/* ---- what is there ------------------------------------------------------ */

/* The size of the record at BYTES; 0 at the end of all. */
static size_t
record_size(const unsigned char *bytes, size_t left)
{
    struct record_head head;
    size_t size;

    if (left < RECORD_HEAD)
        return 0;
    memcpy(&head, bytes, RECORD_HEAD);
    size = RECORD_HEAD + head.key_size + head.value_size;
    return head.time == 0 || size > left ? 0 : size;
}

/* Goes over all records; where the last one ends is left in *END. */
static int
walk(const struct engine_db *db, size_t *end, struct tally *tally)
{
    unsigned char *bytes = NULL;
    size_t size, place = 0;
    int rc = 0;

    if (db->size > 0)
        bytes = mmap(NULL, db->size, PROT_READ, MAP_SHARED, db->file, 0);
    if (bytes == MAP_FAILED)
        return errno;
    while (rc == 0 &&
           (size = record_size(bytes + place, db->size - place)) > 0) {
        if (tally != NULL && !record_tally(bytes + place, size, tally))
            rc = EBADMSG;
        place += size;
    }
    *end = place;
    if (bytes != NULL)
        munmap(bytes, db->size);
    return rc;
}

/* ---- open, close -------------------------------------------------------- */

static void
close_file(struct engine_db *db)
{
    close(db->file);
    pthread_mutex_destroy(&db->appending);
    free(db);
}

static int
open_file(struct engine_db **out, const char *path, uint32_t flags,
          uint64_t retained)
{
    struct engine_db *db = bench_resize(NULL, sizeof(*db));
    char *name = bench_join(path, "records");
    struct stat status;
    int rc = 0;

    (void)retained;
    bench_make_dir(path);
    *db = (struct engine_db){.durable = (flags & ENGINE_RELAXED) == 0,
                             .keyless = (flags & ENGINE_KEYLESS) != 0};
    pthread_mutex_init(&db->appending, NULL);
    db->file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    free(name);
    if (db->file < 0 || fstat(db->file, &status) != 0)
        rc = errno;
    else
        db->size = (size_t)status.st_size;
    if (rc == 0)
        rc = walk(db, &db->end, NULL);
    if (rc != 0) {
        close_file(db);
        return rc;
    }
    *out = db;
    return 0;
}

/* ---- append ------------------------------------------------------------- */

static int
write_all(int file, const unsigned char *bytes, size_t size, size_t place)
{
    while (size > 0) {
        ssize_t written = pwrite(file, bytes, size, (off_t)place);

        if (written < 0)
            return errno;
        bytes += written;
        place += (size_t)written;
        size -= (size_t)written;
    }
    return 0;
}

/* Zeros up to END, and some behind it. */
static int
prepare(struct engine_db *db, size_t end)
{
    static const unsigned char zeros[STEP];
    int rc = 0;

    while (rc == 0 && db->size < end) {
        rc = write_all(db->file, zeros, STEP, db->size);
        if (rc == 0)
            db->size += STEP;
    }
    return rc;
}

static int
write_records(struct engine_db *db, const unsigned char *bytes, size_t size)
{
    int rc;

    pthread_mutex_lock(&db->appending);
    rc = prepare(db, db->end + size);
    if (rc == 0)
        rc = write_all(db->file, bytes, size, db->end);
    if (rc == 0 && db->durable && fdatasync(db->file) != 0)
        rc = errno;
    if (rc == 0)
        db->end += size;
    pthread_mutex_unlock(&db->appending);
    return rc;
}

static int
append_batch(struct engine_db *db, const struct item *items, size_t count)
{
    size_t most = RECORD_HEAD + KEY_SIZE + items[0].value_size;
    unsigned char *bytes = bench_resize(NULL, count * most);
    uint64_t time = record_now();
    size_t size = 0;
    int rc;

    for (size_t i = 0; i < count; i++)
        size += record_pack(bytes + size, time, &items[i], db->keyless);
    rc = write_records(db, bytes, size);
    free(bytes);
    return rc;
}

/* ---- read --------------------------------------------------------------- */

static int
replay(struct engine_db *db, struct tally *tally)
{
    size_t end;

    return walk(db, &end, tally);
}

static int
state(struct engine_db *db, struct engine_state *out)
{
    struct tally tally = {0};
    int rc = replay(db, &tally);

    *out = (struct engine_state){.size = tally.count, .entries = tally.count};
    return rc;
}

static const char *
version(void)
{
    return "";
}

static const char *
describe(int result)
{
    return strerror(result);
}

const struct engine engine_file = {.name = "raw file",
                                   .flags = ENGINE_RELAXED | ENGINE_KEYLESS,
                                   .version = version,
                                   .open = open_file,
                                   .close = close_file,
                                   .append_batch = append_batch,
                                   .replay = replay,
                                   .state = state,
                                   .describe = describe};
