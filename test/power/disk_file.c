/* disk_file.c - one file of the model: its units, sizes and their versions. */
#include "disk_file.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 4096u
#define KEPT 4u /* versions that thinning leaves */

static void *
more(void *memory, size_t count, size_t size)
{
    void *larger = realloc(memory, count * size);

    if (larger == NULL)
        abort();
    return larger;
}

/* ---- versions ----------------------------------------------------------- */

static void
versions_init(struct versions *versions, bool is_size)
{
    versions->count = 1;
    versions->room = 4;
    versions->event = more(NULL, versions->room, sizeof(*versions->event));
    versions->event[0] = 0;
    if (is_size) {
        versions->value = more(NULL, versions->room, sizeof(*versions->value));
        versions->value[0] = 0;
    } else {
        versions->data = more(NULL, versions->room, sizeof(*versions->data));
        versions->data[0] = NULL;
    }
}

static uint32_t
versions_add(struct versions *versions, uint32_t event)
{
    uint32_t number = versions->count++;

    if (number == versions->room) {
        versions->room *= 2;
        versions->event = more(versions->event, versions->room,
                               sizeof(*versions->event));
        if (versions->value != NULL)
            versions->value = more(versions->value, versions->room,
                                   sizeof(*versions->value));
        else
            versions->data = more(versions->data, versions->room,
                                  sizeof(*versions->data));
    }
    versions->event[number] = event;
    return number;
}

/* Drops versions 1 to LAST. */
static void
versions_drop(struct versions *versions, uint32_t last)
{
    uint32_t rest = versions->count - 1 - last;

    if (versions->data != NULL) {
        for (uint32_t i = 1; i <= last; i++)
            free(versions->data[i]);
        memmove(versions->data + 1, versions->data + 1 + last,
                rest * sizeof(*versions->data));
    } else {
        memmove(versions->value + 1, versions->value + 1 + last,
                rest * sizeof(*versions->value));
    }
    memmove(versions->event + 1, versions->event + 1 + last,
            rest * sizeof(*versions->event));
    versions->count = rest + 1;
}

static void
versions_free(struct versions *versions)
{
    if (versions->count > 1)
        versions_drop(versions, versions->count - 1);
    free(versions->event);
    free(versions->data);
    free(versions->value);
}

/* How many versions, from 1 on, are older than event BEFORE. */
static uint32_t
versions_before(const struct versions *versions, uint32_t before)
{
    uint32_t last = 0;

    while (last + 1 < versions->count && versions->event[last + 1] < before)
        last++;
    return last;
}

/* ---- the file ----------------------------------------------------------- */

void
disk_file_init(struct disk_file *file, uint32_t unit)
{
    memset(file, 0, sizeof(*file));
    file->known = true;
    file->unit = unit;
    versions_init(&file->size, true);
}

void
disk_file_free(struct disk_file *file)
{
    if (!file->known)
        return;
    for (size_t i = 0; i < file->unit_count; i++)
        versions_free(&file->units[i]);
    versions_free(&file->size);
    free(file->units);
    free(file->certain);
    free(file->dirty);
    free(file->stuck);
    memset(file, 0, sizeof(*file));
}

/* Room for SIZE bytes; what is new is zeros, for certain. */
static void
make_room(struct disk_file *file, uint64_t size)
{
    size_t units = (size_t)((size + file->unit - 1) / file->unit);
    size_t room = file->unit_count == 0 ? 16 : file->unit_count;

    if (units <= file->unit_count)
        return;
    while (room < units)
        room *= 2;
    file->certain = more(file->certain, room, file->unit);
    memset(file->certain + file->room, 0, room * file->unit - file->room);
    file->units = more(file->units, room, sizeof(*file->units));
    memset(file->units + file->unit_count, 0,
           (room - file->unit_count) * sizeof(*file->units));
    for (size_t i = file->unit_count; i < room; i++)
        versions_init(&file->units[i], false);
    file->stuck = more(file->stuck, room, sizeof(*file->stuck));
    memset(file->stuck + file->unit_count, 0, room - file->unit_count);
    file->dirty = more(file->dirty, room, sizeof(*file->dirty));
    file->room = room * file->unit;
    file->unit_count = room;
}

static const uint8_t *
newest_version(const struct disk_file *file, size_t unit)
{
    const struct versions *versions = &file->units[unit];

    return versions->count == 1 ? file->certain + unit * file->unit
                                : versions->data[versions->count - 1];
}

/* A new version of a unit, the same as the newest at first. */
static uint8_t *
new_version(struct disk_file *file, size_t unit, uint32_t event)
{
    struct versions *versions = &file->units[unit];
    const uint8_t *newest = newest_version(file, unit);
    uint32_t number = versions_add(versions, event);

    versions->data[number] = more(NULL, 1, file->unit);
    memcpy(versions->data[number], newest, file->unit);
    if (number == 1)
        file->dirty[file->dirty_count++] = (uint32_t)unit;
    return versions->data[number];
}

static void
add_size(struct disk_file *file, uint32_t event, uint64_t size)
{
    uint32_t number;

    if (file->size.value[file->size.count - 1] == size)
        return;
    number = versions_add(&file->size, event);
    file->size.value[number] = size;
}

/* The pages of [OFFSET, END) are dirty again. */
static void
unstick(struct disk_file *file, uint64_t offset, uint64_t end)
{
    size_t unit = (size_t)(offset / PAGE * PAGE / file->unit);

    for (; unit < file->unit_count; unit++) {
        if ((uint64_t)unit * file->unit / PAGE > (end - 1) / PAGE)
            break;
        file->stuck[unit] = false;
    }
}

void
disk_file_write(struct disk_file *file, uint32_t event, uint64_t offset,
                const uint8_t *data, size_t size)
{
    uint64_t at = offset, end = offset + size;

    make_room(file, end);
    unstick(file, offset, end);
    while (at < end) {
        size_t unit = (size_t)(at / file->unit), within = at % file->unit;
        size_t part = file->unit - within;

        part = part < end - at ? part : (size_t)(end - at);
        /* The same once more would only make the same images once more. */
        if (memcmp(newest_version(file, unit) + within, data + (at - offset),
                   part) != 0)
            memcpy(new_version(file, unit, event) + within,
                   data + (at - offset), part);
        at += part;
    }
    if (end > file->size.value[file->size.count - 1])
        add_size(file, event, end);
}

void
disk_file_resize(struct disk_file *file, uint32_t event, uint64_t size)
{
    uint64_t old = file->size.value[file->size.count - 1];
    uint8_t zero[512] = {0};

    make_room(file, size);
    /* What was cut off comes back as zeros. */
    for (uint64_t at = size; at < old; at += sizeof(zero)) {
        size_t part = sizeof(zero) - at % sizeof(zero);

        part = part < old - at ? part : (size_t)(old - at);
        disk_file_write(file, event, at, zero, part);
        at -= at % sizeof(zero);
    }
    add_size(file, event, size);
}

static void
flush_unit(struct disk_file *file, size_t unit, uint32_t before)
{
    struct versions *versions = &file->units[unit];
    uint32_t last = versions_before(versions, before);

    if (last == 0)
        return;
    memcpy(file->certain + unit * file->unit, versions->data[last], file->unit);
    versions_drop(versions, last);
}

/* With all of the file, or with as much of it as END demands. */
static void
flush_size(struct disk_file *file, uint32_t before, uint64_t end)
{
    struct versions *size = &file->size;
    uint32_t last = versions_before(size, before);

    if (end == UINT64_MAX || size->value[last] == end) {
        size->value[0] = size->value[last];
        versions_drop(size, last);
    } else if (size->value[0] < end && size->value[last] > end) {
        size->value[0] = end;
    }
}

void
disk_file_flush(struct disk_file *file, uint32_t before, uint64_t offset,
                uint64_t size)
{
    uint64_t end = size == UINT64_MAX ? UINT64_MAX : offset + size;
    size_t left = 0;

    for (size_t i = 0; i < file->dirty_count; i++) {
        uint64_t start = (uint64_t)file->dirty[i] * file->unit;

        if (start < end && start + file->unit > offset &&
            !file->stuck[file->dirty[i]])
            flush_unit(file, file->dirty[i], before);
        if (file->units[file->dirty[i]].count > 1)
            file->dirty[left++] = file->dirty[i];
    }
    file->dirty_count = left;
    flush_size(file, before, end);
}

void
disk_file_fail(struct disk_file *file, uint64_t offset, uint64_t size)
{
    uint64_t end = size == UINT64_MAX ? UINT64_MAX : offset + size;

    for (size_t i = 0; i < file->dirty_count; i++) {
        uint64_t start = (uint64_t)file->dirty[i] * file->unit;

        if (start < end && start + file->unit > offset)
            file->stuck[file->dirty[i]] = true;
    }
}

void
disk_file_thin(struct disk_file *file)
{
    for (size_t i = 0; i < file->dirty_count; i++) {
        struct versions *versions = &file->units[file->dirty[i]];

        if (versions->count > 4 * KEPT)
            versions_drop(versions, versions->count - 1 - KEPT);
    }
}
