/* disk_crash.c - the files as a crash leaves them. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_inside.h"
#include "memory.h"
#include "support/test.h"

/* The file as it is on the disk for certain, in the image. */
static void
begin_image(struct disk *disk, const struct disk_file *file, const char *path)
{
    if (memory_has_path(path)) {
        disk->image = memory_put(path, file->room);
    } else {
        if (disk->own_room < file->room) {
            disk->own_room = file->room;
            disk->own_image = disk_more(disk->own_image, disk->own_room);
        }
        disk->image = disk->own_image;
    }
    if (file->room > 0)
        memcpy(disk->image, file->certain, file->room);
}

static void
put_unit(struct disk *disk, const struct disk_file *file, uint32_t unit,
         uint32_t version)
{
    if (version > 0)
        memcpy(disk->image + (size_t)unit * file->unit,
               file->units[unit].data[version], file->unit);
}

static void
end_image(const struct disk *disk, const char *path, uint64_t size)
{
    int fd;

    if (memory_has_path(path)) {
        if (truncate(path, (off_t)size) != 0)
            abort();
        return;
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0 ||
        (size > 0 && pwrite(fd, disk->image, size, 0) != (ssize_t)size))
        abort();
    close(fd);
}

static void
crash_file(struct disk *disk, uint32_t number, const uint32_t *versions,
           size_t count, const char *path)
{
    const struct disk_file *file = &disk->file[number];
    uint64_t size = file->size.value[0];

    begin_image(disk, file, path);
    for (size_t i = 0; i < count; i++) {
        const struct choice *choice = &disk->choices[i];

        if (choice->file != number)
            continue;
        if (choice->unit == UNIT_SIZE)
            size = file->size.value[versions[i]];
        else
            put_unit(disk, file, choice->unit, versions[i]);
    }
    end_image(disk, path, size);
}

static uint32_t
pick(unsigned kind, uint32_t count, uint64_t *chance)
{
    if (kind == 0)
        return 0;
    return kind == 1 ? count - 1 : (uint32_t)(test_random(chance) % count);
}

/* Nothing that is not certain, or the newest, or any versions at all. */
static void
crash_loose(struct disk *disk, uint32_t number, uint64_t chance,
            const char *path)
{
    const struct disk_file *file = &disk->file[number];
    uint64_t state = chance + number;
    unsigned kind = test_random(&state) % 4;
    uint64_t size;

    begin_image(disk, file, path);
    for (size_t i = 0; i < file->dirty_count; i++)
        put_unit(disk, file, file->dirty[i],
                 pick(kind, file->units[file->dirty[i]].count, &state));
    size = file->size.value[pick(kind, file->size.count, &state)];
    end_image(disk, path, size);
}

static void
empty(const struct disk *disk, const char *home)
{
    char path[PATH_MAX + TRACE_NAME_SIZE];

    for (uint32_t name = 0; name < TRACE_NAMES; name++) {
        snprintf(path, sizeof(path), "%s/%s", home,
                 trace_name_of(disk->trace, name));
        (void)unlink(path);
    }
    (void)rmdir(home);
}

void
disk_crash(struct disk *disk, const uint32_t *versions, const char *directory,
           uint64_t chance)
{
    struct names names = disk->certain;
    char home[PATH_MAX], path[PATH_MAX + TRACE_NAME_SIZE];
    bool home_is_there = disk->home_is_certain;
    const struct choice *choices;
    size_t count = disk_choices(disk, &choices);

    for (size_t i = 0; i < count; i++) {
        if (choices[i].file == TRACE_PARENT)
            home_is_there = versions[i] > 0;
        for (uint32_t op = 0; choices[i].file == TRACE_HOME && op < versions[i];
             op++)
            disk_names_change(&names, &disk->ops[op]);
    }
    snprintf(home, sizeof(home), "%s/home", directory);
    if (!home_is_there) {
        empty(disk, home);
        return;
    }
    (void)mkdir(home, 0750);
    for (uint32_t name = 0; name < TRACE_NAMES; name++) {
        uint32_t file = names.file[name];

        snprintf(path, sizeof(path), "%s/%s", home,
                 trace_name_of(disk->trace, name));
        if (file == NOTHING)
            (void)unlink(path);
        else if (disk->is_loose[file])
            crash_loose(disk, file, chance, path);
        else
            crash_file(disk, file, versions, count, path);
    }
}
