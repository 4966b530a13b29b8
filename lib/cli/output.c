/* output.c - entries on standard output. */
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "colour.h"
#include "object.h"
#include "text.h"

#define DEFAULT_COLUMNS 80u
#define COLUMNS_MAX 400u
#define KEY_COLUMNS_MIN 16u    /* keys are padded to that, or to a */
#define KEY_PART 5u            /* fifth of the line */
#define META_COLUMNS 12u       /* metas are padded or cut to that */
#define VALUE_COLUMNS_MIN 16u  /* what is left for a value at the least */
#define CHARACTER_BYTES_MAX 4u /* a column may take that many */

/* Taken by time, revision, flags and the gaps between all columns. */
#define OTHER_COLUMNS 41u

static bool
output_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

/* ---- one entry, alone --------------------------------------------------- */

static void
write_bytes(const void *bytes, size_t size)
{
    fwrite(bytes, 1, size, stdout);
}

static void
write_escaped(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    size_t piece_size, taken;
    char piece[5];

    for (; size > 0; at += taken, size -= taken) {
        taken = text_next(piece, &piece_size, at, size);
        write_bytes(piece, piece_size);
    }
}

static void
write_value(const struct journal_entry *entry)
{
    const char *value = entry->value;

    write_bytes(value, entry->value_size);
    if (!output_is_terminal() || entry->value_size == 0)
        return;
    if (value[entry->value_size - 1] != '\n')
        putchar('\n');
}

static void
begin(enum colour colour)
{
    fputs(colour_on(stdout, colour), stdout);
}

/* What the lines of an entry alone begin with. */
static void
write_label(const char *name)
{
    begin(COLOUR_SIDE);
    printf("%-9s ", name);
    begin(COLOUR_NONE);
}

static void
write_revision(const struct journal_entry *entry)
{
    write_label("revision");
    printf("%" PRIu64, entry->revision);
    if (entry->prev == JOURNAL_NONE)
        puts(", nothing before it");
    else
        printf(", entry %" PRIu64 " before it\n", entry->prev);
}

static void
write_verbose(const struct journal_entry *entry)
{
    char time[TEXT_TIME_SIZE], id[TEXT_HEX_SIZE];

    text_time(time, entry->time);
    write_label("entry");
    printf("%" PRIu64 "\n", entry->seq);
    write_label("time");
    puts(time);
    if (entry->key_size > 0) {
        write_label("key");
        write_escaped(entry->key, entry->key_size);
        putchar('\n');
        write_revision(entry);
    }
    if ((entry->flags & JOURNAL_STAMPED) != 0) {
        text_hex(id, entry->stamp.id, sizeof(entry->stamp.id));
        write_label("stamp");
        printf("%" PRIu64 ":%s\n", entry->stamp.time, id);
    }
    if (entry->meta_size > 0) {
        write_label("meta");
        write_escaped(entry->meta, entry->meta_size);
        putchar('\n');
    }
    if ((entry->flags & JOURNAL_TOMBSTONE) != 0)
        puts("deleted");
    else {
        write_label("value");
        printf("%zu byte%s\n\n", entry->value_size,
               entry->value_size == 1 ? "" : "s");
    }
    write_value(entry);
}

static void
write_json_stamp(struct object *json, const struct journal_stamp *stamp)
{
    char id[TEXT_HEX_SIZE];

    text_hex(id, stamp->id, sizeof(stamp->id));
    object_open(json, "stamp");
    object_number(json, "time", stamp->time);
    object_text(json, "id", id);
    object_close(json);
}

static void
write_json(const struct journal_entry *entry)
{
    char time[TEXT_TIME_SIZE];
    struct object json;

    text_time(time, entry->time);
    object_begin(&json);
    object_number(&json, "seq", entry->seq);
    object_number(&json, "time", entry->time);
    object_text(&json, "time_iso", time);
    if (entry->key_size > 0)
        object_bytes(&json, "key", entry->key, entry->key_size);
    object_number(&json, "revision", entry->revision);
    if (entry->prev == JOURNAL_NONE)
        object_null(&json, "prev");
    else
        object_number(&json, "prev", entry->prev);
    if ((entry->flags & JOURNAL_STAMPED) != 0)
        write_json_stamp(&json, &entry->stamp);
    if (entry->meta_size > 0)
        object_bytes(&json, "meta", entry->meta, entry->meta_size);
    if ((entry->flags & JOURNAL_TOMBSTONE) != 0)
        object_true(&json, "tombstone");
    else
        object_bytes(&json, "value", entry->value, entry->value_size);
    object_end(&json);
}

void
output_entry(const struct journal_entry *entry, enum output_form form)
{
    switch (form) {
    case OUTPUT_VALUE:
        write_value(entry);
        break;
    case OUTPUT_VERBOSE:
        write_verbose(entry);
        break;
    case OUTPUT_JSON:
        write_json(entry);
        break;
    }
}

/* ---- lists -------------------------------------------------------------- */

static size_t
terminal_columns(void)
{
    struct winsize window;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
        return DEFAULT_COLUMNS;
    return window.ws_col < COLUMNS_MAX ? window.ws_col : COLUMNS_MAX;
}

void
output_list_init(struct output_list *list, bool json, bool meta, uint64_t size)
{
    list->json = json;
    list->meta = meta;
    list->aligned = output_is_terminal();
    list->columns = list->aligned ? terminal_columns() : 0;
    list->seq_columns = snprintf(NULL, 0, "%" PRIu64, size > 0 ? size - 1 : 0);
}

/* One letter for each: D deleted, S stamped, M has a meta; or "-". */
static void
flags_of(const struct journal_entry *entry, char flags[4])
{
    size_t used = 0;

    if ((entry->flags & JOURNAL_TOMBSTONE) != 0)
        flags[used++] = 'D';
    if ((entry->flags & JOURNAL_STAMPED) != 0)
        flags[used++] = 'S';
    if (entry->meta_size > 0)
        flags[used++] = 'M';
    if (used == 0)
        flags[used++] = '-';
    flags[used] = '\0';
}

/* Bytes in at most MAX columns, padded to MIN; returns the columns taken. */
static size_t
write_column(const void *bytes, size_t size, size_t min, size_t max)
{
    char text[COLUMNS_MAX * CHARACTER_BYTES_MAX + 1];
    size_t width = text_escape(text, sizeof(text), max, bytes, size);

    fputs(text, stdout);
    for (; width < min; width++)
        putchar(' ');
    return width;
}

/* Keys take as much as leaves a value some room, and no less than their pad. */
static size_t
write_key(const struct journal_entry *entry, size_t columns, size_t others)
{
    size_t min = columns / KEY_PART, max;

    if (min < KEY_COLUMNS_MIN)
        min = KEY_COLUMNS_MIN;
    others += VALUE_COLUMNS_MIN;
    max = columns > others + min ? columns - others : min;
    if (entry->key_size == 0)
        return write_column("-", 1, min, max);
    return write_column(entry->key, entry->key_size, min, max);
}

/* With the revision before them; what is deleted is to be seen. */
static void
write_flags(const struct journal_entry *entry, const char *flags)
{
    bool deleted = (entry->flags & JOURNAL_TOMBSTONE) != 0;

    begin(COLOUR_SIDE);
    printf("  r%-3" PRIu64 "  ", entry->revision);
    begin(COLOUR_NONE);
    begin(deleted ? COLOUR_BAD : COLOUR_SIDE);
    printf("%-3s  ", flags);
    begin(COLOUR_NONE);
}

static void
write_aligned(const struct output_list *list, const struct journal_entry *entry,
              const char *time, const char *flags)
{
    size_t used = OTHER_COLUMNS + (size_t)list->seq_columns;
    size_t room = VALUE_COLUMNS_MIN;

    if (list->meta)
        used += META_COLUMNS + 2;
    begin(COLOUR_SEQ);
    printf("%*" PRIu64, list->seq_columns, entry->seq);
    begin(COLOUR_NONE);
    begin(COLOUR_SIDE);
    printf("  %s  ", time);
    begin(COLOUR_NONE);
    begin(COLOUR_KEY);
    used += write_key(entry, list->columns, used);
    begin(COLOUR_NONE);
    write_flags(entry, flags);
    if (list->meta) {
        write_column(entry->meta, entry->meta_size, META_COLUMNS, META_COLUMNS);
        fputs("  ", stdout);
    }
    if (list->columns > used + room)
        room = list->columns - used;
    write_column(entry->value, entry->value_size, 0, room);
    putchar('\n');
}

/* Nothing shortened, for programs; escapes keep tabs and newlines out. */
static void
write_separated(const struct output_list *list,
                const struct journal_entry *entry, const char *time,
                const char *flags)
{
    printf("%" PRIu64 "\t%s\t", entry->seq, time);
    write_escaped(entry->key, entry->key_size);
    printf("\t%" PRIu64 "\t%s\t", entry->revision, flags);
    if (list->meta) {
        write_escaped(entry->meta, entry->meta_size);
        putchar('\t');
    }
    write_escaped(entry->value, entry->value_size);
    putchar('\n');
}

void
output_list_entry(const struct output_list *list,
                  const struct journal_entry *entry)
{
    char time[TEXT_TIME_SIZE], flags[4];

    if (list->json) {
        write_json(entry);
        return;
    }
    text_time(time, entry->time);
    flags_of(entry, flags);
    if (list->aligned)
        write_aligned(list, entry, time, flags);
    else
        write_separated(list, entry, time, flags);
}

static void
write_json_key(const struct journal_entry *entry)
{
    char time[TEXT_TIME_SIZE];
    struct object json;

    text_time(time, entry->time);
    object_begin(&json);
    object_bytes(&json, "key", entry->key, entry->key_size);
    object_number(&json, "seq", entry->seq);
    object_number(&json, "time", entry->time);
    object_text(&json, "time_iso", time);
    object_number(&json, "revision", entry->revision);
    if ((entry->flags & JOURNAL_TOMBSTONE) != 0)
        object_true(&json, "tombstone");
    else
        object_number(&json, "value_size", entry->value_size);
    object_end(&json);
}

void
output_list_key(const struct output_list *list,
                const struct journal_entry *entry)
{
    if (list->json) {
        write_json_key(entry);
        return;
    }
    begin(COLOUR_KEY);
    write_escaped(entry->key, entry->key_size);
    begin(COLOUR_NONE);
    if ((entry->flags & JOURNAL_TOMBSTONE) != 0) {
        fputs(list->aligned ? "  " : "\t", stdout);
        begin(COLOUR_BAD);
        fputs("deleted", stdout);
        begin(COLOUR_NONE);
    }
    putchar('\n');
}

void
output_pair(const struct journal_entry *entry)
{
    struct object json;

    object_begin(&json);
    object_base64(&json, "key_b64", entry->key, entry->key_size);
    object_base64(&json, "value_b64", entry->value, entry->value_size);
    object_end(&json);
}

void
output_mark(const char *name, uint64_t seq)
{
    if (output_is_terminal()) {
        begin(COLOUR_KEY);
        write_column(name, strlen(name), KEY_COLUMNS_MIN, COLUMNS_MAX);
        begin(COLOUR_NONE);
        printf("  %" PRIu64 "\n", seq);
    } else {
        write_escaped(name, strlen(name));
        printf("\t%" PRIu64 "\n", seq);
    }
}

/* ---- the end ------------------------------------------------------------ */

/* The errno of the first write that failed; stdio remembers only that. */
static int failure;

void
output_fail(int error)
{
    if (failure == 0)
        failure = error;
}

bool
output_failed(void)
{
    if (ferror(stdout) != 0 && failure == 0)
        failure = errno != 0 ? errno : EIO;
    return failure != 0;
}

bool
output_is_unread(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO};
    struct stat status;

    if (fstat(STDOUT_FILENO, &status) != 0 ||
        (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)))
        return false;
    return poll(&output, 1, 0) > 0 && (output.revents & (POLLERR | POLLHUP));
}

/* Also where SIGPIPE was ignored by whoever started us. */
void
output_end_unread(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
    _exit(128 + SIGPIPE);
}

int
output_flush(void)
{
    if (!output_failed()) {
        errno = 0;
        fflush(stdout);
    }
    if (!output_failed())
        return CLI_OK;
    if (failure == EPIPE)
        output_end_unread();
    fprintf(stderr, "journal: standard output: %s\n", strerror(failure));
    return CLI_OTHER;
}
