/* cmd_rewind.c - `journal rewind`: drops the newest entries. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "args.h"
#include "cli.h"
#include "object.h"
#include "output.h"
#include "report.h"
#include "target.h"

enum option_name { OPTION_DRY_RUN = 256 };

static const struct cli_option options[] = {
    {"yes", 'y', NULL, "don't ask"},
    {"dry-run", OPTION_DRY_RUN, NULL, "only print how many it would be"},
    {ARGS_ROW_JSON, "print how many as a JSON object"},
    {ARGS_ROW_QUIET, "don't print how many"},
    {0}};

struct request {
    const char *path;
    uint64_t size;
    bool dry_run;
    bool yes;
    struct args_common common;
};

static bool
can_ask(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

/* What goes is gone: nobody should drop it by a slip of the finger. */
static int
ask(const struct request *request, uint64_t size)
{
    char answer[8];

    if (request->yes || request->size >= size)
        return CLI_OK;
    fprintf(stderr,
            "journal: %s: drops the entries from %" PRIu64 " to %" PRIu64
            " for ever.  Go on? [y/N] ",
            request->path, request->size, size - 1);
    if (fgets(answer, sizeof(answer), stdin) != NULL &&
        (answer[0] == 'y' || answer[0] == 'Y'))
        return CLI_OK;
    /* The end of a file leaves the cursor behind the question. */
    if (feof(stdin))
        fputc('\n', stderr);
    report_problem("journal", "%s: nothing was dropped", request->path);
    return CLI_OTHER;
}

static int
fail(struct journal *journal, const struct request *request, int result)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    report_failure(request->path, result, "rewinding to %" PRIu64,
                   request->size);
    if ((result != JOURNAL_PRUNED && result != JOURNAL_OUT_OF_RANGE) ||
        journal_stat(journal, &stat) != 0)
        return report_exit(result);
    report_hint("it has the entries from %" PRIu64 " on, and its size is "
                "%" PRIu64,
                stat.first, stat.size);
    return report_exit(result);
}

/* What the library would say too, but before anybody is asked. */
static int
check_size(struct journal *journal, const struct request *request,
           const struct journal_stat *stat)
{
    if (request->size > stat->size)
        return fail(journal, request, JOURNAL_OUT_OF_RANGE);
    if (request->size < stat->first)
        return fail(journal, request, JOURNAL_PRUNED);
    return CLI_OK;
}

static void
print_json(const struct request *request, uint64_t dropped)
{
    struct object json;

    object_begin(&json);
    object_number(&json, "dropped", dropped);
    object_number(&json, "size", request->size);
    if (request->dry_run)
        object_true(&json, "dry_run");
    object_end(&json);
}

static int
print_dropped(const struct request *request, uint64_t dropped)
{
    if (request->common.quiet)
        return CLI_OK;
    if (request->common.json) {
        print_json(request, dropped);
        return output_flush();
    }
    printf("%" PRIu64 " %s ", dropped, dropped == 1 ? "entry" : "entries");
    if (request->dry_run)
        puts("would be dropped");
    else
        printf("dropped; the next gets number %" PRIu64 "\n", request->size);
    return output_flush();
}

static int
rewind_journal(struct journal *journal, const struct request *request)
{
    struct journal_stat stat;
    uint64_t count;
    int rc, code;

    code = target_stat(journal, request->path, &stat);
    if (code == CLI_OK)
        code = check_size(journal, request, &stat);
    if (code == CLI_OK)
        code = target_count(journal, request->path, request->size, stat.size,
                            &count);
    if (code == CLI_OK && !request->dry_run)
        code = ask(request, stat.size);
    if (code != CLI_OK)
        return code;
    rc = request->dry_run ? 0 : journal_rewind(journal, request->size);
    return rc == 0 ? print_dropped(request, count) : fail(journal, request, rc);
}

static int
take_option(void *context, const char *command, int option)
{
    struct request *request = context;

    switch (option) {
    case 'y':
        request->yes = true;
        return CLI_OK;
    case OPTION_DRY_RUN:
        request->dry_run = true;
        return CLI_OK;
    default:
        return report_try_help(command);
    }
}

static int
run(int argc, char **argv)
{
    struct request request = {0};
    struct journal *journal = NULL;
    int code = args_options(&cmd_rewind, argc, argv, &request.common,
                            take_option, &request);

    if (code == CLI_OK)
        code = args_operands(&cmd_rewind, argc, argv, 2, 2);
    if (code == CLI_OK)
        code = args_number(argv[0], "SIZE", argv[optind + 1], &request.size);
    if (code != CLI_OK)
        return code;
    if (!request.yes && !request.dry_run && !can_ask())
        return report_usage(argv[0], "what is dropped is gone: say --yes");
    request.path = argv[optind];
    code = target_open(request.path,
                       request.dry_run ? JOURNAL_OPEN_READ_ONLY
                                       : JOURNAL_OPEN_EXISTING,
                       &journal);
    if (code == CLI_OK)
        code = rewind_journal(journal, &request);
    journal_close(journal);
    return code;
}

const struct cli_command cmd_rewind = {
    .name = "rewind",
    .synopsis = "[OPTIONS] PATH SIZE",
    .summary = "drop the newest entries",
    .about =
        "\n"
        "Drops the entries from number SIZE on, for ever, as if they had\n"
        "never been appended: the next one gets number SIZE, keys are as they\n"
        "were, and marks above move back to it.  On a terminal, asks first;\n"
        "elsewhere --yes is needed.\n",
    .options = options,
    .run = run,
};
