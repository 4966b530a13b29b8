/* disk.c - what a crash may leave of files, given what was done to them. */
#include "disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_inside.h"
#include "support/test.h"

void *
disk_more(void *memory, size_t size)
{
    void *larger = realloc(memory, size);

    if (larger == NULL)
        abort();
    return larger;
}

static bool
is_lock_file(const char *name)
{
    return strcmp(name, "lock.mdb") == 0 || strcmp(name, "journal.lock") == 0;
}

static void
add_file(struct disk *disk, uint32_t file, uint32_t name)
{
    const char *text = trace_name_of(disk->trace, name);

    disk_file_init(&disk->file[file], disk->unit);
    disk->is_loose[file] = is_lock_file(text);
    disk->is_tail[file] = strncmp(text, "tail", 4) == 0;
}

/* ---- what is there before ----------------------------------------------- */

static void
read_file(struct disk *disk, const char *path)
{
    struct trace *trace = disk->trace;
    struct disk_file *file;
    struct stat status;
    bool is_new;
    uint32_t number, name = trace_name(trace, strrchr(path, '/') + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &status) != 0)
        abort();
    number = trace_file(trace, status.st_dev, status.st_ino,
                        trace_name_of(trace, name), &is_new);
    add_file(disk, number, name);
    file = &disk->file[number];
    if (status.st_size > 0) {
        uint8_t *data = disk_more(NULL, (size_t)status.st_size);

        if (pread(fd, data, (size_t)status.st_size, 0) != status.st_size)
            abort();
        disk_file_write(file, 0, 0, data, (size_t)status.st_size);
        disk_file_flush(file, 1, 0, UINT64_MAX);
        free(data);
    }
    close(fd);
    disk->certain.file[name] = number;
}

static void
read_directory(struct disk *disk, const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    char file[PATH_MAX + NAME_MAX + 2];

    disk->home_is_certain = directory != NULL;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        read_file(disk, file);
    }
    if (directory != NULL)
        closedir(directory);
}

static const char *const all_names[] = {"journal.lock", "lock.mdb", "data.mdb",
                                        "data.mdb.new", "tail",     "tail.new"};

struct disk *
disk_new(struct trace *trace, const char *directory, uint32_t unit,
         unsigned flaws)
{
    struct disk *disk = calloc(1, sizeof(*disk));
    char home[PATH_MAX];

    if (disk == NULL)
        abort();
    disk->trace = trace;
    disk->unit = unit;
    disk->flaws = flaws;
    memset(&disk->certain, 0xff, sizeof(disk->certain));
    /* Whoever opens a crash's image may make any of them, the run or not. */
    for (size_t i = 0; i < sizeof(all_names) / sizeof(all_names[0]); i++)
        (void)trace_name(trace, all_names[i]);
    snprintf(home, sizeof(home), "%s/home", directory);
    read_directory(disk, home);
    return disk;
}

void
disk_free(struct disk *disk)
{
    if (disk == NULL)
        return;
    for (size_t i = 0; i < TRACE_FILES; i++)
        disk_file_free(&disk->file[i]);
    free(disk->ops);
    free(disk->op_events);
    free(disk->choices);
    free(disk->own_image);
    free(disk);
}

/* ---- what happens ------------------------------------------------------- */

void
disk_names_change(struct names *names, const struct event *event)
{
    switch (event->kind) {
    case EVENT_CREATED:
        names->file[event->name] = event->file;
        break;
    case EVENT_RENAMED:
        names->file[event->to] = names->file[event->name];
        names->file[event->name] = NOTHING;
        break;
    default:
        names->file[event->name] = NOTHING;
        break;
    }
}

static void
directory_changes(struct disk *disk, const struct event *event)
{
    if (disk->op_count + 1 >= disk->op_room) {
        disk->op_room = disk->op_room * 2 + 8;
        disk->ops = disk_more(disk->ops, disk->op_room * sizeof(*disk->ops));
        disk->op_events = disk_more(disk->op_events,
                                    disk->op_room * sizeof(*disk->op_events));
    }
    disk->ops[disk->op_count++] = *event;
    disk->op_events[disk->op_count] = event->number;
}

static void
directory_flushed(struct disk *disk, uint64_t before)
{
    uint32_t done = 0;

    if ((disk->flaws & FLAW_NO_DIRECTORY) != 0)
        return;
    while (done < disk->op_count && disk->ops[done].number < before)
        disk_names_change(&disk->certain, &disk->ops[done++]);
    if (done == 0)
        return;
    disk->op_count -= done;
    memmove(disk->ops, disk->ops + done, disk->op_count * sizeof(*disk->ops));
    memmove(disk->op_events + 1, disk->op_events + 1 + done,
            disk->op_count * sizeof(*disk->op_events));
}

static void
file_flushed(struct disk *disk, const struct event *event)
{
    unsigned flaw = event->cause == FLUSH_DSYNC ? FLAW_NO_DSYNC : FLAW_NO_FLUSH;

    if (disk->is_tail[event->file])
        flaw |= FLAW_NO_TAIL;
    if (event->file == TRACE_PARENT) {
        if ((disk->flaws & FLAW_NO_DIRECTORY) == 0 &&
            disk->home_events[1] > 0 && disk->home_events[1] < event->pair)
            disk->home_is_certain = true;
    } else if (event->file == TRACE_HOME) {
        directory_flushed(disk, event->pair);
    } else if (!disk->lies || (disk->flaws & flaw) == 0) {
        disk_file_flush(&disk->file[event->file], (uint32_t)event->pair,
                        event->offset, event->size);
    }
}

static void
file_written(struct disk *disk, const struct event *event)
{
    struct disk_file *file = &disk->file[event->file];
    uint64_t chance = event->number;
    size_t cut;

    /* Frames are checked as a whole, so they may be torn anywhere. */
    if (disk->is_tail[event->file] && event->size > 8) {
        cut = test_random(&chance) % (event->size / 8) * 8;
        if (test_random(&chance) % 2 == 0)
            disk_file_write(file, event->number, event->offset, event->data,
                            cut);
        else
            disk_file_write(file, event->number, event->offset + cut,
                            event->data + cut, event->size - cut);
    }
    disk_file_write(file, event->number, event->offset, event->data,
                    event->size);
    if (disk->is_loose[event->file])
        disk_file_thin(file);
}

void
disk_happens(struct disk *disk, const struct event *event)
{
    switch (event->kind) {
    case EVENT_HOME_MADE:
        disk->home_events[1] = event->number;
        break;
    case EVENT_CREATED:
        add_file(disk, event->file, event->name);
        directory_changes(disk, event);
        break;
    case EVENT_RENAMED:
    case EVENT_REMOVED:
        directory_changes(disk, event);
        break;
    case EVENT_WRITTEN:
        file_written(disk, event);
        break;
    case EVENT_SIZED:
        disk_file_resize(&disk->file[event->file], event->number, event->size);
        break;
    case EVENT_FLUSHED:
        file_flushed(disk, event);
        break;
    case EVENT_NOT_FLUSHED:
        if (event->file >= TRACE_FIRST_FILE)
            disk_file_fail(&disk->file[event->file], event->offset,
                           event->size);
        break;
    case EVENT_DEED_DONE:
        disk->lies = true;
        break;
    default:
        break;
    }
}

/* ---- choices ------------------------------------------------------------ */

static void
add_choice(struct disk *disk, size_t *count, struct choice choice)
{
    if (*count == disk->choice_room) {
        disk->choice_room = disk->choice_room * 2 + 64;
        disk->choices = disk_more(disk->choices,
                                  disk->choice_room * sizeof(*disk->choices));
    }
    disk->choices[(*count)++] = choice;
}

static void
add_choices_of(struct disk *disk, size_t *count, uint32_t number)
{
    const struct disk_file *file = &disk->file[number];

    if (file->size.count > 1)
        add_choice(disk, count,
                   (struct choice){number, UNIT_SIZE, UNIT_SIZE,
                                   file->size.count, file->size.event});
    for (size_t i = 0; i < file->dirty_count; i++) {
        uint32_t unit = file->dirty[i];

        add_choice(disk, count,
                   (struct choice){number, unit, unit * disk->unit / 4096,
                                   file->units[unit].count,
                                   file->units[unit].event});
    }
}

size_t
disk_choices(struct disk *disk, const struct choice **choices)
{
    size_t count = 0;

    if (!disk->home_is_certain && disk->home_events[1] > 0)
        add_choice(disk, &count,
                   (struct choice){TRACE_PARENT, 0, 0, 2, disk->home_events});
    if (disk->op_count > 0)
        add_choice(disk, &count,
                   (struct choice){TRACE_HOME, 0, 0, disk->op_count + 1,
                                   disk->op_events});
    for (uint32_t file = TRACE_FIRST_FILE; file < TRACE_FILES; file++)
        if (disk->file[file].known && !disk->is_loose[file])
            add_choices_of(disk, &count, file);
    *choices = disk->choices;
    return count;
}

/* ---- words -------------------------------------------------------------- */

static const char *
name_of_file(const struct disk *disk, uint32_t file)
{
    struct names names = disk->certain;

    for (uint32_t op = 0; op < disk->op_count; op++)
        disk_names_change(&names, &disk->ops[op]);
    for (uint32_t name = 0; name < TRACE_NAMES; name++)
        if (names.file[name] == file)
            return trace_name_of(disk->trace, name);
    return "a removed file";
}

void
disk_describe(const struct disk *disk, const struct choice *choice,
              uint32_t version, char *text, size_t size)
{
    uint32_t last = choice->count - 1;

    if (choice->file == TRACE_PARENT)
        snprintf(text, size, "the directory: %s",
                 version > 0 ? "made" : "not made");
    else if (choice->file == TRACE_HOME)
        snprintf(text, size, "names: %u of %u changes", version, last);
    else if (choice->unit == UNIT_SIZE)
        snprintf(
            text, size, "%s: size %llu (version %u of %u)",
            name_of_file(disk, choice->file),
            (unsigned long long)disk->file[choice->file].size.value[version],
            version, last);
    else
        snprintf(text, size, "%s: bytes %u.. version %u of %u",
                 name_of_file(disk, choice->file), choice->unit * disk->unit,
                 version, last);
}
