/* json_parse.h - a tree from JSON, whose numbers may have 64 bits. */
#ifndef JSON_PARSE_H
#define JSON_PARSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * NULL, and the reason, where TEXT is not JSON, or says something twice.  An
 * integer that jansson has no room for becomes a string of its digits.
 */
json_t *json_parse(const char *text, size_t size, json_error_t *error);

/* A number of 64 bits, or its digits in a string. */
bool json_parse_number(const json_t *value, uint64_t *number);

#endif
