/* parse.h - reads a short text from left to right, and says where it fails. */
#ifndef PARSE_H
#define PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARSE_PROBLEM_SIZE 200u
#define PARSE_SHOWN_MAX 40 /* bytes shown of what is not understood */

struct parse {
    const char *at; /* what has not been read yet */
    char *problem;  /* of PARSE_PROBLEM_SIZE bytes */
};

/* Sets the problem, as of printf().  Returns false, to be returned. */
bool parse_problem(struct parse *parse, const char *text, ...)
    __attribute__((format(printf, 2, 3)));

/* Of what comes next: how many are digits, or letters. */
size_t parse_digits(const struct parse *parse);
size_t parse_letters(const struct parse *parse);

void parse_blanks(struct parse *parse);

/* Whether WORD, and no longer one, comes next; reads it if so. */
bool parse_word(struct parse *parse, const char *word);

/*
 * The others say what is wrong if they return false.
 */

/* Digits, at least one. */
bool parse_number(struct parse *parse, uint64_t *number);

/* WHAT: two digits, or with MAY_BE_SHORT one; up to MAX. */
bool parse_two_digits(struct parse *parse, const char *what, bool may_be_short,
                      int max, int *number);

/* ".5" is 500000000 billionths; no point is none. */
bool parse_fraction(struct parse *parse, uint64_t *billionths);

/* Nothing but blanks is left. */
bool parse_end(struct parse *parse);

#endif
