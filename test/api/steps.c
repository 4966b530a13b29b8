/* steps.c - the steps that tests of the public interface are told in. */
#include "steps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/mode.h"

struct journal *journal;

const char *
home(void)
{
    return test_path("journal");
}

void
setup_journal(void)
{
    test_setup();
    journal = open_path(home(), 0);
}

void
teardown_journal(void)
{
    journal_close(journal);
    journal = NULL;
    test_teardown();
}

/* ---- open --------------------------------------------------------------- */

struct journal_options
options_with(uint32_t flags)
{
    struct journal_options options;

    journal_options_init(&options);
    options.flags = flags;
    return options;
}

struct journal *
open_home_as(uint32_t durability, uint32_t flags, uint64_t tail_bytes)
{
    return mode_open_with(home(), durability, flags, tail_bytes);
}

struct journal *
open_with(const char *path, const struct journal_options *options)
{
    struct journal *opened = NULL;
    int rc = journal_open(path, options, &opened);

    ck_assert_msg(rc == 0, "open of %s: %s", path, journal_errname(rc));
    ck_assert_ptr_nonnull(opened);
    return opened;
}

struct journal *
open_path(const char *path, uint32_t flags)
{
    struct journal_options options = options_with(flags);

    return open_with(path, &options);
}

int
result_of_open_with(const char *path, const struct journal_options *options)
{
    struct journal *opened = NULL;
    int rc = journal_open(path, options, &opened);

    ck_assert_int_eq(rc == 0, opened != NULL);
    journal_close(opened);
    return rc;
}

int
result_of_open(const char *path, uint32_t flags)
{
    struct journal_options options = options_with(flags);

    return result_of_open_with(path, &options);
}

void
reopen(void)
{
    journal_close(journal);
    journal = NULL;
    journal = open_path(home(), JOURNAL_OPEN_EXISTING);
}

/* ---- append ------------------------------------------------------------- */

static size_t
length(const char *text)
{
    return text != NULL ? strlen(text) : 0;
}

uint64_t
append_to(struct journal *to, const char *key, const char *value)
{
    uint64_t seq = JOURNAL_NONE;
    int rc = journal_append(to, key, length(key), value, length(value), &seq);

    ck_assert_msg(rc == 0, "append of %s: %s", key != NULL ? key : "no key",
                  journal_errname(rc));
    return seq;
}

uint64_t
append(const char *key, const char *value)
{
    return append_to(journal, key, value);
}

uint64_t
erase(const char *key)
{
    uint64_t seq = JOURNAL_NONE;

    ck_assert_int_eq(journal_delete(journal, key, strlen(key), &seq), 0);
    return seq;
}

#define BATCH 256

static void
append_some(uint64_t first, uint64_t count, uint64_t keys)
{
    struct journal_record records[BATCH];
    char texts[2][BATCH][40];
    uint64_t got;

    memset(records, 0, sizeof(records));
    for (uint64_t i = 0; i < count; i++) {
        records[i].key = texts[0][i];
        records[i].key_size = (size_t)
            snprintf(texts[0][i], sizeof(texts[0][i]), "key %llu",
                     (unsigned long long)((first + i) % keys));
        records[i].value = texts[1][i];
        records[i].value_size = (size_t)
            snprintf(texts[1][i], sizeof(texts[1][i]), "value %llu",
                     (unsigned long long)(first + i));
    }
    ck_assert_int_eq(journal_append_batch(journal, records, count, &got), 0);
    ck_assert_uint_eq(got, first);
}

void
append_numbered(uint64_t count, uint64_t keys)
{
    uint64_t first = figures(journal).size;
    uint64_t limit = first + count;

    while (first < limit) {
        uint64_t some = limit - first < BATCH ? limit - first : BATCH;

        append_some(first, some, keys);
        first += some;
    }
}

struct journal_record
record(const char *key, const char *value)
{
    struct journal_record one;

    memset(&one, 0, sizeof(one));
    one.key = key;
    one.key_size = length(key);
    one.value = value;
    one.value_size = length(value);
    return one;
}

int
append_record(const struct journal_record *one)
{
    return journal_append_batch(journal, one, 1, NULL);
}

/* ---- look --------------------------------------------------------------- */

struct journal_entry *
get(const char *key)
{
    struct journal_entry *entry = NULL;
    int rc = journal_get(journal, key, strlen(key), &entry);

    ck_assert_msg(rc == 0, "get of %s: %s", key, journal_errname(rc));
    return entry;
}

struct journal_entry *
entry_at(uint64_t seq)
{
    struct journal_entry *entry = NULL;
    int rc = journal_read(journal, seq, &entry);

    ck_assert_msg(rc == 0, "read of %llu: %s", (unsigned long long)seq,
                  journal_errname(rc));
    return entry;
}

static void
assert_bytes(const void *is, size_t size, const char *expected)
{
    ck_assert_uint_eq(size, length(expected));
    ck_assert_ptr_nonnull(is);
    if (size > 0)
        ck_assert_mem_eq(is, expected, size);
}

void
assert_entry(const struct journal_entry *entry, uint64_t seq, const char *key,
             const char *value)
{
    ck_assert_uint_eq(entry->seq, seq);
    assert_bytes(entry->key, entry->key_size, key);
    assert_bytes(entry->value, entry->value_size, value);
}

void
assert_value(const char *key, const char *value)
{
    struct journal_entry *entry = get(key);

    assert_bytes(entry->key, entry->key_size, key);
    assert_bytes(entry->value, entry->value_size, value);
    journal_entry_free(entry);
}

void
assert_value_at(const char *key, uint64_t limit, const char *value)
{
    struct journal_entry *entry = NULL;
    int rc = journal_get_at(journal, key, strlen(key), limit, &entry);

    ck_assert_msg(rc == 0, "get of %s at %llu: %s", key,
                  (unsigned long long)limit, journal_errname(rc));
    ck_assert_uint_lt(entry->seq, limit);
    assert_bytes(entry->value, entry->value_size, value);
    journal_entry_free(entry);
}

void
assert_absent(const char *key)
{
    struct journal_entry *entry = NULL;

    ck_assert_int_eq(journal_get(journal, key, strlen(key), &entry),
                     JOURNAL_NOT_FOUND);
    ck_assert_ptr_null(entry);
}

static bool
same_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

/* Every assertion tells Check where it is, which takes its time. */
void
assert_same_entry(const struct journal_entry *a, const struct journal_entry *b)
{
    bool same = a->seq == b->seq && a->time == b->time && a->prev == b->prev &&
                a->revision == b->revision && a->flags == b->flags &&
                a->reserved == b->reserved && a->stamp.time == b->stamp.time &&
                memcmp(a->stamp.id, b->stamp.id, sizeof(a->stamp.id)) == 0 &&
                same_bytes(a->key, a->key_size, b->key, b->key_size) &&
                same_bytes(a->value, a->value_size, b->value, b->value_size) &&
                same_bytes(a->meta, a->meta_size, b->meta, b->meta_size);

    if (!same)
        ck_abort_msg("entries %llu and %llu differ", (unsigned long long)a->seq,
                     (unsigned long long)b->seq);
}

struct journal_stat
figures(struct journal *of)
{
    struct journal_stat stat;

    memset(&stat, 0, sizeof(stat));
    stat.struct_size = sizeof(stat);
    ck_assert_int_eq(journal_stat(of, &stat), 0);
    return stat;
}

void
assert_as_before(const struct journal_stat *before)
{
    struct journal_stat now = figures(journal);

    ck_assert_uint_eq(now.size, before->size);
    ck_assert_uint_eq(now.bytes_logical, before->bytes_logical);
    ck_assert_uint_ge(now.durable_size, before->durable_size);
    now.durable_size = before->durable_size;
    /* What was in the tail may have moved to where it stays. */
    if (now.tail_bytes_used < before->tail_bytes_used) {
        now.tail_bytes_used = before->tail_bytes_used;
        now.bytes_used = before->bytes_used;
    }
    ck_assert_uint_eq(now.bytes_used, before->bytes_used);
    /* Room may have been made before there was a reason to refuse. */
    now.bytes_file = before->bytes_file;
    ck_assert_mem_eq(&now, before, sizeof(now));
}

static void
assert_ends_of(struct journal *in, const struct journal_stat *stat)
{
    struct journal_entry *entry = NULL;

    ck_assert_int_eq(journal_read(in, stat->size, &entry),
                     JOURNAL_OUT_OF_RANGE);
    if (stat->first > 0)
        ck_assert_int_eq(journal_read(in, stat->first - 1, &entry),
                         JOURNAL_PRUNED);
    ck_assert_ptr_null(entry);
}

uint64_t
assert_no_gap(struct journal *in)
{
    struct journal_stat stat = figures(in);
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    struct journal_entry *same;
    uint64_t seq = stat.first;
    int rc;

    ck_assert_int_eq(journal_replay(in, JOURNAL_NONE, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0) {
        if (entry->seq != seq || journal_read(in, seq, &same) != 0)
            ck_abort_msg("for %llu comes %llu", (unsigned long long)seq,
                         (unsigned long long)entry->seq);
        assert_same_entry(entry, same);
        journal_entry_free(same);
        seq++;
    }
    ck_assert_int_eq(rc, JOURNAL_END);
    ck_assert_uint_eq(seq, stat.size);
    ck_assert_uint_eq(stat.entries, stat.size - stat.first);
    journal_cursor_close(cursor);
    assert_ends_of(in, &stat);
    return stat.entries;
}

struct journal_report
new_report(void)
{
    struct journal_report report;

    memset(&report, 0xee, sizeof(report));
    report.struct_size = sizeof(report);
    return report;
}

void
assert_clean(const struct journal_report *report)
{
    ck_assert_uint_eq(report->struct_size, sizeof(*report));
    ck_assert_uint_eq(report->flags, 0);
    ck_assert_uint_eq(report->entries_bad, 0);
    ck_assert_uint_eq(report->index_bad, 0);
    ck_assert_uint_eq(report->links_bad, 0);
    ck_assert_uint_eq(report->pages_bad, 0);
    ck_assert_uint_eq(report->first_bad, JOURNAL_NONE);
    ck_assert_uint_eq(report->salvaged, 0);
}

/* ---- files -------------------------------------------------------------- */

struct bytes
bytes_of(const char *path)
{
    struct bytes bytes;
    struct stat status;
    FILE *file = fopen(path, "rb");

    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    ck_assert_int_eq(fstat(fileno(file), &status), 0);
    bytes.size = (size_t)status.st_size;
    bytes.data = malloc(bytes.size + 1);
    ck_assert_ptr_nonnull(bytes.data);
    ck_assert_uint_eq(fread(bytes.data, 1, bytes.size, file), bytes.size);
    fclose(file);
    return bytes;
}

void
write_bytes(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");

    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static void
draw(FILE *picture, const char *directory, const char *name)
{
    struct stat status;
    struct bytes bytes;
    char path[8192];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    ck_assert_int_eq(lstat(path, &status), 0);
    fprintf(picture, "%s %o\n", name, status.st_mode);
    /* What this one holds are words between those who have it open. */
    if (!S_ISREG(status.st_mode) || strcmp(name, "journal.lock") == 0)
        return;
    bytes = bytes_of(path);
    fprintf(picture, "%zu\n", bytes.size);
    ck_assert_uint_eq(fwrite(bytes.data, 1, bytes.size, picture), bytes.size);
    free(bytes.data);
}

struct bytes
picture_of(const char *directory)
{
    struct bytes bytes = {NULL, 0};
    struct dirent **names;
    FILE *picture = open_memstream(&bytes.data, &bytes.size);
    int count = scandir(directory, &names, NULL, alphasort);

    ck_assert_msg(count >= 0, "%s: %s", directory, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i]->d_name, "..") != 0)
            draw(picture, directory, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    ck_assert_int_eq(fclose(picture), 0);
    return bytes;
}

void
assert_picture(const char *directory, struct bytes *before)
{
    struct bytes now = picture_of(directory);

    ck_assert_msg(now.size == before->size &&
                      memcmp(now.data, before->data, now.size) == 0,
                  "%s is not as it was", directory);
    free(now.data);
    free(before->data);
    before->data = NULL;
}

bool
exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

mode_t
mode_of(const char *path)
{
    struct stat status;

    ck_assert_msg(stat(path, &status) == 0, "%s: %s", path, strerror(errno));
    return status.st_mode & 07777;
}

unsigned
descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;

    ck_assert_ptr_nonnull(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

/* ---- processes ---------------------------------------------------------- */

pid_t
start(process *body, void *context)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    /* Nobody waits for the child of a test that has failed or hangs. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    body(context);
    fflush(stdout);
    _exit(EXIT_SUCCESS);
}

void
finish(pid_t pid)
{
    int status = -1;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS,
                  "a child ended with wait status %#x", (unsigned)status);
}

void
in_child(process *body, void *context)
{
    finish(start(body, context));
}

void
bell_make(struct bell *bell)
{
    ck_assert_int_eq(pipe2(bell->ends, O_CLOEXEC), 0);
}

void
bell_ring(struct bell *bell)
{
    ck_assert_int_eq(write(bell->ends[1], "!", 1), 1);
}

void
bell_wait(struct bell *bell)
{
    char sound;

    ck_assert_int_eq(read(bell->ends[0], &sound, 1), 1);
}

bool
give_up_privileges(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2];

    if (geteuid() != 0)
        return true;
    memset(none, 0, sizeof(none));
    return syscall(SYS_capset, &header, none) == 0;
}

bool
give_to_nobody(const char *path)
{
    if (geteuid() == 0 && chown(path, NOBODY, NOBODY) == 0)
        return true;
    skip("may not give files away");
    return false;
}

bool
is_nobodys(const char *path)
{
    struct stat status;

    ck_assert_msg(lstat(path, &status) == 0, "%s: %s", path, strerror(errno));
    return status.st_uid == NOBODY && status.st_gid == NOBODY;
}

bool
become(uid_t user)
{
    return seteuid(0) == 0 && setgroups(0, NULL) == 0 && setegid(user) == 0 &&
           seteuid(user) == 0;
}

void
skip(const char *why)
{
    printf("skipped: %s\n", why);
    fflush(stdout);
}

unsigned
rounds(unsigned count, unsigned least)
{
    double scaled = (double)count * test_scale();

    return scaled > (double)least ? (unsigned)scaled : least;
}
