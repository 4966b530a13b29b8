/*
 * check.h - what claims are checked with, and a few words for often used calls.
 *
 * A claim is a function of the path of a journal that is not there yet.  Each
 * check counts; one that fails prints its line, and the claim goes on.
 */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <journal.h>
#include <stdbool.h>

#define CHECK(so) check((so), #so, __FILE__, __LINE__)
/* Does CALL give RESULT?  If not, what it gave is told by name. */
#define GIVES(result, call)                                                    \
    check_result((result), (call), #call, __FILE__, __LINE__)

bool check(bool so, const char *words, const char *file, int line);
bool check_result(int expected, int result, const char *words, const char *file,
                  int line);

/* The end of the process, in words, if the journal cannot be opened. */
struct journal *open_journal(const char *path, uint32_t flags);

/* A relaxed journal in which number I, below COUNT, is the change of k/I%3. */
struct journal *filled(const char *path, unsigned count);

/* PATH with a dot and WORD behind it; valid until the second next call. */
const char *beside(const char *path, const char *word);

/* A record of strings, either of which may be NULL for none. */
struct journal_record record(const char *key, const char *value);

/* Whether ENTRY has that key and that value. */
bool says(const struct journal_entry *entry, const char *key,
          const char *value);

/* Whether CURSOR, which is closed, gives the COUNT numbers at EXPECTED. */
bool gives_numbers(struct journal_cursor *cursor, const uint64_t *expected,
                   size_t count);

typedef void (*claim)(const char *path);

/* Makes a claim, in a path below JOURNAL_WORK that is named for it. */
#define CLAIM(claim) make_claim(claim, #claim)
void make_claim(claim claim, const char *name);

void use(void);
void query(void);
void misuse(void);

#endif
