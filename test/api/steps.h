/*
 * steps.h - the steps that tests of the public interface are told in.
 *
 * Keys and values of these steps are text; what is about bytes calls the
 * library itself.  Every step asserts that it succeeds unless its name says
 * otherwise.
 */
#ifndef TEST_API_STEPS_H
#define TEST_API_STEPS_H

#include <journal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "support/test.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A fixture: a fresh directory, and in home() a new journal that is open. */
extern struct journal *journal;
void setup_journal(void);
void teardown_journal(void);
const char *home(void);

/* ---- open --------------------------------------------------------------- */

struct journal *open_path(const char *path, uint32_t flags);
struct journal *open_with(const char *path,
                          const struct journal_options *options);

/* What an open says that is followed by a close if it succeeds. */
int result_of_open(const char *path, uint32_t flags);
int result_of_open_with(const char *path,
                        const struct journal_options *options);

struct journal_options options_with(uint32_t flags);

/* Of home(), whatever this run of the tests is about; see support/mode.h. */
struct journal *open_home_as(uint32_t durability, uint32_t flags,
                             uint64_t tail_bytes);

/* Closes `journal` and opens it again. */
void reopen(void);

/* ---- append ------------------------------------------------------------- */

/* KEY may be NULL: none.  These return the number. */
uint64_t append(const char *key, const char *value);
uint64_t append_to(struct journal *to, const char *key, const char *value);
uint64_t erase(const char *key);

/* Entries "value NUMBER" under KEYS keys "key NUMBER % KEYS", in batches. */
void append_numbered(uint64_t count, uint64_t keys);

struct journal_record record(const char *key, const char *value);

/* The result of a batch of this one record. */
int append_record(const struct journal_record *one);

/* ---- look --------------------------------------------------------------- */

/* To be freed. */
struct journal_entry *get(const char *key);
struct journal_entry *entry_at(uint64_t seq);

void assert_value(const char *key, const char *value);
void assert_value_at(const char *key, uint64_t limit, const char *value);
void assert_absent(const char *key);
void assert_entry(const struct journal_entry *entry, uint64_t seq,
                  const char *key, const char *value);
void assert_same_entry(const struct journal_entry *a,
                       const struct journal_entry *b);

struct journal_stat figures(struct journal *of);
void assert_as_before(const struct journal_stat *before);

/*
 * All numbers of [first, size) are there, in replay and by number, and no
 * others.  Returns how many.
 */
uint64_t assert_no_gap(struct journal *in);

/* A report to be filled in, and whether one says that all is well. */
struct journal_report new_report(void);
void assert_clean(const struct journal_report *report);

/* ---- files -------------------------------------------------------------- */

struct bytes {
    char *data;
    size_t size;
};

/* Of a file; data is to be freed, and is never NULL. */
struct bytes bytes_of(const char *path);
void write_bytes(const char *path, const void *data, size_t size);

/* Names, modes and contents of all that is kept in DIRECTORY. */
struct bytes picture_of(const char *directory);

/* Takes another picture, and frees BEFORE. */
void assert_picture(const char *directory, struct bytes *before);

bool exists(const char *path);
mode_t mode_of(const char *path);
unsigned descriptors(void);

/* ---- processes ---------------------------------------------------------- */

/* BODY's child ends with status 0, and finish() says so if it does not. */
typedef void process(void *context);
pid_t start(process *body, void *context);
void finish(pid_t pid);
void in_child(process *body, void *context);

/* One writes as many bytes as others wait for. */
struct bell {
    int ends[2];
};
void bell_make(struct bell *bell);
void bell_ring(struct bell *bell);
void bell_wait(struct bell *bell);

/* In a child, for its rest: root is no longer allowed everything. */
bool give_up_privileges(void);

/* Whose files are others' for root, who may give them away. */
#define NOBODY 65534u

/* False, and said so, if the tests run as one who may not. */
bool give_to_nobody(const char *path);
bool is_nobodys(const char *path);

/* In a child of root: to be NOBODY, of no other group, or 0 again. */
bool become(uid_t user);

void skip(const char *why);

/* COUNT scaled by TEST_SCALE, at least LEAST. */
unsigned rounds(unsigned count, unsigned least);

#endif
