/* lookup.h - the latest entry of a key, now or once. */
#ifndef LOOKUP_H
#define LOOKUP_H

#include <journal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output.h"

struct lookup {
    const char *path;
    const void *key;
    size_t key_size;
    uint64_t at; /* as of that size; JOURNAL_NONE: now */
    enum output_form form;
    bool immutable;
};

/* Prints the entry, or says what is wrong; enum cli_exit. */
int lookup_print(const struct lookup *lookup);

#endif
