/*
 * motley.h - entries of all kinds, as chance has it.
 *
 * With a key, short or as long as the index has a hash of, or with none; live
 * or deleted; with a value of none, some or many bytes; with a meta or without;
 * with a time of their own or the journal's.
 */
#ifndef TEST_SUPPORT_MOTLEY_H
#define TEST_SUPPORT_MOTLEY_H

#include <journal.h>
#include <stddef.h>
#include <stdint.h>

#define MOTLEY_KEYS 7u
#define MOTLEY_KEY_SIZE 300u

/* Writes key number KEY to OUT; returns its size, 0 of number MOTLEY_KEYS. */
size_t motley_key(char out[MOTLEY_KEY_SIZE], unsigned key);

/* Appends one with that key; *CHANCE is the state of test_random(). */
void motley_append(struct journal *to, unsigned key, uint64_t *chance);

/* COUNT of them; key number 0 has more than the others. */
void motley_append_some(struct journal *to, unsigned count, uint64_t *chance);

/* journal_verify() has nothing to say of it. */
void motley_assert_sound(struct journal *journal);

#endif
