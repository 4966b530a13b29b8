/* cmd_replay.c - `journal replay`: entries in the order of their numbers. */
#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "output.h"
#include "report.h"
#include "target.h"

enum option_name {
    OPTION_COUNT = 256,
    OPTION_FROM,
    OPTION_IMMUTABLE,
    OPTION_JSON,
    OPTION_LAST,
    OPTION_LIMIT
};

static const char short_options[] = "hk:mn:";
static const struct option long_options[] = {
    {"count", required_argument, NULL, 'n'},
    {"from", required_argument, NULL, OPTION_FROM},
    {"help", no_argument, NULL, 'h'},
    {"immutable", no_argument, NULL, OPTION_IMMUTABLE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"key", required_argument, NULL, 'k'},
    {"last", required_argument, NULL, OPTION_LAST},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"meta", no_argument, NULL, 'm'},
    {NULL, 0, NULL, 0}};

struct request {
    const char *path;
    const char *key; /* NULL: all */
    uint64_t from;   /* JOURNAL_NONE: the oldest entry */
    uint64_t last;   /* from that many before the end; JOURNAL_NONE: not so */
    uint64_t limit;  /* up to that number, without it */
    uint64_t count;  /* at most that many lines */
    bool json;
    bool meta;
    bool immutable;
};

struct replay {
    const struct request *request;
    struct output_list list;
    uint64_t next;    /* number that the next entry should have */
    uint64_t size;    /* of the journal when the replay began */
    uint64_t printed; /* lines so far */
    int code;         /* how it goes: enum cli_exit */
};

static bool
is_wanted(const struct request *request, const struct journal_entry *entry)
{
    return request->key == NULL ||
           (strlen(request->key) == entry->key_size &&
            memcmp(request->key, entry->key, entry->key_size) == 0);
}

/*
 * Says what is wrong with the next entry; true if it makes sense to go on
 * behind it.  A damaged entry is one number; pruned are as many as were.
 */
static bool
go_on_after(struct replay *replay, int result)
{
    const char *path = replay->request->path;

    replay->code = report_failure(path, result, "entry %" PRIu64, replay->next);
    if (result == JOURNAL_CORRUPT)
        return ++replay->next < replay->size;
    if (result == JOURNAL_PRUNED)
        report_hint("while it was being replayed; going on with the oldest "
                    "there is");
    return result == JOURNAL_PRUNED;
}

static void
print_entries(struct replay *replay, struct journal_cursor *cursor)
{
    const struct request *request = replay->request;
    const struct journal_entry *entry;
    int rc;

    while (replay->printed < request->count && replay->next < request->limit) {
        rc = journal_next(cursor, &entry);
        if (rc == JOURNAL_END)
            return;
        if (rc != 0 && !go_on_after(replay, rc))
            return;
        if (rc != 0)
            continue;
        replay->next = entry->seq + 1;
        if (entry->seq >= request->limit)
            return;
        if (!is_wanted(request, entry))
            continue;
        output_list_entry(&replay->list, entry);
        replay->printed++;
        if (output_failed())
            return;
    }
}

/* Where to begin; --last counts from the end, as far as there are entries. */
static uint64_t
first_of(const struct request *request, const struct journal_stat *stat)
{
    if (request->last == JOURNAL_NONE)
        return request->from == JOURNAL_NONE ? stat->first : request->from;
    if (request->last > stat->size - stat->first)
        return stat->first;
    return stat->size - request->last;
}

/* Without --from, a prune between two calls must not matter. */
static int
start(struct journal *journal, const struct request *request, uint64_t first,
      struct journal_cursor **cursor)
{
    int rc = journal_replay(journal, first, cursor);

    if (rc == JOURNAL_PRUNED && request->from == JOURNAL_NONE)
        rc = journal_replay(journal, JOURNAL_NONE, cursor);
    return rc;
}

static int
replay_journal(struct journal *journal, const struct request *request)
{
    struct replay replay = {.request = request};
    struct journal_cursor *cursor = NULL;
    struct journal_stat stat;
    int rc, code;

    code = target_stat(journal, request->path, &stat);
    if (code != CLI_OK)
        return code;
    output_list_init(&replay.list, request->json, request->meta, stat.size);
    replay.size = stat.size;
    replay.next = first_of(request, &stat);
    rc = start(journal, request, replay.next, &cursor);
    if (rc != 0)
        return target_missing(journal, request->path, rc, replay.next);
    print_entries(&replay, cursor);
    journal_cursor_close(cursor);
    code = output_flush();
    return code != CLI_OK ? code : replay.code;
}

static int
take_option(struct request *request, const char *command, int option)
{
    switch (option) {
    case 'k':
        request->key = optarg;
        return CLI_OK;
    case 'm':
        request->meta = true;
        return CLI_OK;
    case 'n':
        return args_number(command, "--count", optarg, &request->count);
    case OPTION_FROM:
        return args_number(command, "--from", optarg, &request->from);
    case OPTION_IMMUTABLE:
        request->immutable = true;
        return CLI_OK;
    case OPTION_JSON:
        request->json = true;
        return CLI_OK;
    case OPTION_LAST:
        return args_number(command, "--last", optarg, &request->last);
    case OPTION_LIMIT:
        return args_number(command, "--limit", optarg, &request->limit);
    default:
        return report_try_help(command);
    }
}

static int
run(int argc, char **argv)
{
    struct request request = {.from = JOURNAL_NONE,
                              .last = JOURNAL_NONE,
                              .limit = JOURNAL_NONE,
                              .count = UINT64_MAX};
    struct journal *journal = NULL;
    int option, code;

    while ((option = getopt_long(argc, argv, short_options, long_options,
                                 NULL)) != -1) {
        if (option == 'h')
            return cli_help(&cmd_replay);
        code = take_option(&request, argv[0], option);
        if (code != CLI_OK)
            return code;
    }
    code = args_operands(argc, argv, 1, 1);
    if (code != CLI_OK)
        return code;
    if (request.from != JOURNAL_NONE && request.last != JOURNAL_NONE)
        return report_usage(argv[0], "--from and --last");
    request.path = argv[optind];
    code = target_open_to_read(request.path, request.immutable, &journal);
    if (code != CLI_OK)
        return code;
    code = replay_journal(journal, &request);
    journal_close(journal);
    return code;
}

const struct cli_command cmd_replay = {
    .name = "replay",
    .synopsis = "[OPTIONS] PATH",
    .summary = "list entries, oldest first",
    .help =
        "\n"
        "Prints a line for each entry: number, time of the append (UTC),\n"
        "key, revision of the key, flags (D deleted, S stamped, M has a\n"
        "meta), value.  On a terminal the columns are aligned, and long keys\n"
        "and values cut; elsewhere tabs separate them, and nothing is cut.\n"
        "Bytes that don't print are shown as \\xNN.\n"
        "\n"
        "      --from N         from entry N on (default: the oldest one)\n"
        "      --last N         from N entries before the end on\n"
        "      --limit N        up to entry N, without it\n"
        "  -n, --count N        at most N lines\n"
        "  -k, --key KEY        only the entries of KEY\n"
        "  -m, --meta           a column for the meta, before the value\n"
        "      --json           a JSON object on each line\n"
        "      --immutable      nobody is writing: take no locks\n",
    .run = run,
};
