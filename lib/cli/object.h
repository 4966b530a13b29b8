/* object.h - writes one JSON object to a line of standard output. */
#ifndef OBJECT_H
#define OBJECT_H

#include <stddef.h>
#include <stdint.h>

struct object {
    int count; /* of members written */
};

void object_begin(struct object *object);
void object_number(struct object *object, const char *name, uint64_t value);
void object_null(struct object *object, const char *name);
void object_true(struct object *object, const char *name);
void object_text(struct object *object, const char *name, const char *value);

/* A string, if BYTES are UTF-8; else as "NAME_b64", in base 64. */
void object_bytes(struct object *object, const char *name, const void *bytes,
                  size_t size);

void object_base64(struct object *object, const char *name, const void *bytes,
                   size_t size);

void object_end(struct object *object);

/* An object within: its members follow, up to object_close(). */
void object_open(struct object *object, const char *name);
void object_close(struct object *object);

/* A list of ranges of numbers, both ends in it, up to object_list_close(). */
void object_list(struct object *object, const char *name);
void object_range(struct object *object, uint64_t first, uint64_t last);
void object_list_close(struct object *object);

#endif
