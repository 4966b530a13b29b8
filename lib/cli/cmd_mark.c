/* cmd_mark.c - `journal mark`: positions with names. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "object.h"
#include "output.h"
#include "report.h"
#include "target.h"

static const struct cli_option options[] = {
    {"delete", 'd', NULL, "remove the mark"},
    {ARGS_ROW_JSON, "each mark as a JSON object on a line"},
    {ARGS_ROW_IMMUTABLE},
    {0}};

struct request {
    const char *path;
    const char *name; /* NULL: all */
    bool set;
    bool to_end;  /* to the size, whatever that is, */
    uint64_t seq; /* or to this number */
    bool remove;
    struct args_common common;
};

static int
fail(const struct request *request, int result)
{
    return report_failure(request->path, result, "mark %s",
                          report_key(request->name, strlen(request->name)));
}

static int
set_mark(struct journal *journal, const struct request *request)
{
    struct journal_stat stat;
    uint64_t seq;
    int rc, code;

    code = target_stat(journal, request->path, &stat);
    if (code != CLI_OK)
        return code;
    seq = request->to_end ? stat.size : request->seq;
    rc = journal_mark(journal, request->name, seq);
    if (rc == 0)
        return CLI_OK;
    report_failure(request->path, rc, "mark %s at %" PRIu64,
                   report_key(request->name, strlen(request->name)), seq);
    if (rc == JOURNAL_OUT_OF_RANGE)
        report_hint("the size is %" PRIu64 ", and no mark stands above it",
                    stat.size);
    return report_exit(rc);
}

static int
change(const struct request *request)
{
    struct journal *journal = NULL;
    int rc, code;

    code = target_open(request->path, JOURNAL_OPEN_EXISTING, &journal);
    if (code != CLI_OK)
        return code;
    if (request->remove) {
        rc = journal_unmark(journal, request->name);
        code = rc == 0 ? CLI_OK : fail(request, rc);
    } else
        code = set_mark(journal, request);
    journal_close(journal);
    return code;
}

static void
print_mark(const struct request *request, const char *name, uint64_t seq)
{
    struct object json;

    if (request->common.json) {
        object_begin(&json);
        object_text(&json, "mark", name);
        object_number(&json, "seq", seq);
        object_end(&json);
    } else if (request->name != NULL)
        printf("%" PRIu64 "\n", seq);
    else
        output_mark(name, seq);
}

static int
list(struct journal *journal, const struct request *request)
{
    char name[JOURNAL_MARK_SIZE] = "";
    uint64_t seq;
    int rc;

    while ((rc = journal_next_mark(journal, name, &seq)) == 0)
        print_mark(request, name, seq);
    if (rc != JOURNAL_END)
        return report_failure(request->path, rc, "marks");
    return output_flush();
}

static int
show(const struct request *request)
{
    struct journal *journal = NULL;
    uint64_t seq;
    int rc, code;

    code = target_open_to_read(request->path, request->common.immutable,
                               &journal);
    if (code != CLI_OK)
        return code;
    if (request->name == NULL) {
        code = list(journal, request);
        goto out;
    }
    rc = journal_marked(journal, request->name, &seq);
    if (rc != 0) {
        code = fail(request, rc);
        goto out;
    }
    print_mark(request, request->name, seq);
    code = output_flush();
out:
    journal_close(journal);
    return code;
}

/* PATH [NAME [SEQ]] */
static int
take_operands(struct request *request, int argc, char **argv)
{
    int code = args_operands(&cmd_mark, argc, argv, request->remove ? 2 : 1,
                             request->remove ? 2 : 3);

    if (code != CLI_OK)
        return code;
    request->path = argv[optind++];
    if (optind == argc)
        return CLI_OK;
    request->name = argv[optind++];
    code = args_mark(argv[0], request->name);
    if (code != CLI_OK || optind == argc)
        return code;
    request->set = true;
    request->to_end = strcmp(argv[optind], "end") == 0;
    if (request->to_end)
        return CLI_OK;
    return args_number(argv[0], "N", argv[optind], &request->seq);
}

static int
take_option(void *context, const char *command, int option)
{
    struct request *request = context;

    switch (option) {
    case 'd':
        request->remove = true;
        return CLI_OK;
    default:
        return report_try_help(command);
    }
}

static int
run(int argc, char **argv)
{
    struct request request = {0};
    int code = args_options(&cmd_mark, argc, argv, &request.common, take_option,
                            &request);

    if (code == CLI_OK)
        code = take_operands(&request, argc, argv);
    if (code != CLI_OK)
        return code;
    if (request.name == NULL || (!request.remove && !request.set))
        return show(&request);
    if (request.common.json || request.common.immutable)
        return report_usage(argv[0], "--json and --immutable are for reading");
    return change(&request);
}

const struct cli_command cmd_mark = {
    .name = "mark",
    .synopsis = "[OPTIONS] PATH [NAME [N]]",
    .summary = "list, read, set or remove marks",
    .about =
        "       journal mark --delete PATH NAME\n"
        "       journal marks PATH\n"
        "\n"
        "A mark is a position with a name: everything below number N has been\n"
        "handled by whoever the name stands for, and prune stops there.\n"
        "Without NAME, prints a line for each mark: name, number.  With NAME,\n"
        "prints where that stands.  With N, which may be the word end for the\n"
        "journal's size, sets it there.  Exit code 1: no such mark, or N is\n"
        "over the size.\n",
    .options = options,
    .run = run,
};
