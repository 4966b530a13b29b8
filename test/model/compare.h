/* compare.h - whether a journal says what the model says. */
#ifndef TEST_MODEL_COMPARE_H
#define TEST_MODEL_COMPARE_H

#include "keys.h"
#include "model.h"

/* All of these fail the test where the two differ. */
void compare_entries(const struct journal_entry *model,
                     const struct journal_entry *journal);
void compare_get(const struct model *model, struct journal *journal,
                 const struct key *key);
void compare_get_at(const struct model *model, struct journal *journal,
                    const struct key *key, uint64_t limit);
void compare_read(const struct model *model, struct journal *journal,
                  uint64_t seq);
void compare_replay(const struct model *model, struct journal *journal,
                    uint64_t first);
void compare_stat(const struct model *model, struct journal *journal);
void compare_find_time(const struct model *model, struct journal *journal,
                       uint64_t time);
void compare_marked(const struct model *model, struct journal *journal,
                    const char *name);

/* All of them, from the one behind NAME on. */
void compare_marks(const struct model *model, struct journal *journal,
                   const char *name);

/*
 * Every number, each of KEYS as of every size, a full replay, times, marks, the
 * figures.
 */
void compare_all(const struct model *model, struct journal *journal,
                 const struct keys *keys);

#endif
