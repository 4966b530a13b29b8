/* remains.c - the files of a journal, taken and put down again. */
#include "remains.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/mode.h"

static const char *
data_path(void)
{
    return test_path("journal/data.mdb");
}

static const char *
tail_path(void)
{
    return test_path("journal/tail");
}

/* ---- files -------------------------------------------------------------- */

struct remains
remains_take(void)
{
    struct remains remains = {.data = bytes_of(data_path())};

    if (exists(tail_path()))
        remains.tail = bytes_of(tail_path());
    return remains;
}

void
remains_free(struct remains *remains)
{
    free(remains->data.data);
    free(remains->tail.data);
    *remains = (struct remains){{NULL, 0}, {NULL, 0}};
}

static void
remove_if_there(const char *path)
{
    if (unlink(path) != 0 && errno == EISDIR)
        ck_assert_int_eq(rmdir(path), 0);
}

void
remains_put(const struct bytes *data, const struct bytes *tail)
{
    ck_assert(mkdir(home(), 0777) == 0 || errno == EEXIST);
    remove_if_there(data_path());
    remove_if_there(tail_path());
    remove_if_there(test_path("journal/tail.new"));
    remove_if_there(test_path("journal/lock.mdb"));
    remove_if_there(test_path("journal/journal.lock"));
    write_bytes(data_path(), data->data, data->size);
    if (tail != NULL && tail->data != NULL)
        write_bytes(tail_path(), tail->data, tail->size);
}

static void
assert_file(const char *path, const struct bytes *expected)
{
    struct bytes now = bytes_of(path);

    ck_assert_msg(now.size == expected->size &&
                      memcmp(now.data, expected->data, now.size) == 0,
                  "%s is not as it was", path);
    free(now.data);
}

void
remains_assert(const struct bytes *data, const struct bytes *tail)
{
    assert_file(data_path(), data);
    assert_file(tail_path(), tail);
}

/* ---- processes ---------------------------------------------------------- */

int
remains_open(struct journal **opened, uint32_t durability, uint32_t flags)
{
    struct journal_options options = options_with(flags);

    options.durability = durability;
    options.tail_bytes = REMAINS_TAIL;
    return mode_open_as_is(home(), &options, opened);
}

void
remains_die(process *body, void *context)
{
    pid_t pid = start(body, context);
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
                  "a child ended with wait status %#x", (unsigned)status);
}

/* ---- frames ------------------------------------------------------------- */

/* Where in a frame its fields are: docs/format.md. */
enum field {
    FLUSHED = 8,
    SEQ = 16,
    ROW_SIZE = 28,
    CHAIN_SIZE = 32,
    HEADER = 40
};

/* A number of SIZE bytes; the ring goes on at its beginning. */
static uint64_t
number_at(const struct bytes *tail, size_t at, size_t size)
{
    uint64_t number = 0;

    while (size-- > 0)
        number = number << 8 |
                 (uint8_t)
                     tail->data[REMAINS_HEADER + (at + size) % REMAINS_TAIL];
    return number;
}

bool
remains_find(const struct bytes *tail, uint64_t seq, struct frame_place *place)
{
    for (size_t at = 0; at < REMAINS_TAIL; at += 8) {
        uint64_t row = number_at(tail, at + ROW_SIZE, 4);
        uint64_t chain = number_at(tail, at + CHAIN_SIZE, 2);

        if (number_at(tail, at + SEQ, 8) != seq || row == 0 ||
            row > REMAINS_TAIL || chain > REMAINS_TAIL / 4 ||
            number_at(tail, at + CHAIN_SIZE + 2, 2) > 7 ||
            number_at(tail, at + FLUSHED, 8) > UINT32_MAX)
            continue;
        place->at = at;
        place->exact = HEADER + row + chain;
        place->size = (place->exact + 7) / 8 * 8;
        return true;
    }
    return false;
}
