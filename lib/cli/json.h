/* json.h - writes one JSON object to a line of standard output. */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <stdint.h>

struct json {
    int count; /* of members written */
};

void json_begin(struct json *json);
void json_number(struct json *json, const char *name, uint64_t value);
void json_null(struct json *json, const char *name);
void json_true(struct json *json, const char *name);
void json_text(struct json *json, const char *name, const char *value);

/* A string, if BYTES are UTF-8; else as "NAME_b64", in base 64. */
void json_bytes(struct json *json, const char *name, const void *bytes,
                size_t size);

void json_end(struct json *json);

/* An object within: its members follow, up to json_close(). */
void json_open(struct json *json, const char *name);
void json_close(struct json *json);

#endif
