/* cmd_bench.c - `journal bench`: what a journal can do on a disk. */
#include <inttypes.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/vfs.h>

#include "args.h"
#include "bench.h"
#include "cli.h"
#include "monotonic.h"
#include "object.h"
#include "output.h"
#include "report.h"
#include "text.h"

#define VALUE_SIZE 100u
#define VALUE_SIZE_MAX 1048576u
#define THREADS 8u
#define SPAN_MAX (UINT64_C(3600) * NS_PER_S)

enum option_name { OPTION_THREADS = 256, OPTION_TIME };

static const struct cli_option options[] = {
    {"value", 'v', "SIZE", "bytes in a value, as 100 or 4K (default: 100)"},
    {"threads", OPTION_THREADS, "N",
     "of the case that has several (default: 8)"},
    {"time", OPTION_TIME, "SPAN", "for each case (default: 1s)"},
    {ARGS_ROW_JSON, "a JSON object on each line"},
    {0}};

struct request {
    struct bench bench;
    bool titled; /* the first line is out */
    struct args_common common;
};

/* ---- what came of it ---------------------------------------------------- */

/* Entries in a second. */
static uint64_t
rate_of(const struct bench_result *result)
{
    double seconds = (double)result->elapsed_ns / (double)NS_PER_S;

    return seconds > 0 ? (uint64_t)((double)result->entries / seconds + 0.5)
                       : 0;
}

static void
print_json(const struct bench *bench, const struct bench_result *result)
{
    struct object json;

    object_begin(&json);
    object_text(&json, "case", result->name);
    object_number(&json, "threads", result->threads);
    object_number(&json, "batch", result->batch);
    object_number(&json, "value_size", bench->value_size);
    object_number(&json, "entries", result->entries);
    object_number(&json, "elapsed_ns", result->elapsed_ns);
    object_number(&json, "per_second", rate_of(result));
    if (result->calls.count > 0) {
        object_number(&json, "p50_ns", histogram_quantile(&result->calls, 500));
        object_number(&json, "p99_ns", histogram_quantile(&result->calls, 990));
    }
    object_end(&json);
}

static void
name_case(char *name, size_t size, const struct bench_result *result)
{
    if (result->threads > 1)
        snprintf(name, size, "%s, %u threads", result->name, result->threads);
    else if (result->batch > 1)
        snprintf(name, size, "%s, batches of %u", result->name, result->batch);
    else
        snprintf(name, size, "%s", result->name);
}

static void
print_text(const struct bench_result *result)
{
    char name[40], half[TEXT_SPAN_SIZE] = "", most[TEXT_SPAN_SIZE] = "";

    name_case(name, sizeof(name), result);
    if (result->calls.count > 0) {
        text_span(half, histogram_quantile(&result->calls, 500));
        text_span(most, histogram_quantile(&result->calls, 990));
    }
    printf("%-32s %12" PRIu64 "  %9s  %9s\n", name, rate_of(result), half,
           most);
}

static void
print_title(const struct bench *bench)
{
    printf("values of %zu bytes; in %s\n\n", bench->value_size,
           bench->directory);
    printf("%-32s %12s  %9s  %9s\n", "", "a second", "p50", "p99");
}

/* True where nobody reads it, which is no reason to leave things behind. */
static bool
show(void *context, const struct bench *bench,
     const struct bench_result *result)
{
    struct request *request = context;

    if (!request->common.json && !request->titled)
        print_title(bench);
    request->titled = true;
    if (request->common.json)
        print_json(bench, result);
    else
        print_text(result);
    fflush(stdout);
    return output_failed();
}

/* ---- the command -------------------------------------------------------- */

/* What is kept in memory says nothing about a disk. */
static void
look_at_disk(const char *directory)
{
    struct statfs disk;

    if (statfs(directory, &disk) == 0 &&
        (disk.f_type == TMPFS_MAGIC || disk.f_type == RAMFS_MAGIC))
        report_hint("%s is kept in memory: nothing is durable there, and "
                    "flushes cost nothing",
                    directory);
}

static int
measure(struct request *request)
{
    int code, end;

    look_at_disk(request->bench.directory);
    signal(SIGPIPE, SIG_IGN);
    code = bench_run(&request->bench);
    end = output_flush();
    return code == CLI_OK || code == CLI_DONE ? end : code;
}

static int
take_option(void *context, const char *command, int option)
{
    struct request *request = context;
    uint64_t number;
    int code;

    switch (option) {
    case 'v':
        code = args_size(command, "--value", optarg, &number);
        if (code == CLI_OK && number > VALUE_SIZE_MAX)
            return report_usage(command, "--value: at most 1M");
        request->bench.value_size = (size_t)number;
        return code;
    case OPTION_THREADS:
        code = args_number(command, "--threads", optarg, &number);
        if (code == CLI_OK && (number == 0 || number > BENCH_THREADS_MAX))
            return report_usage(command, "--threads: 1 to %u",
                                BENCH_THREADS_MAX);
        request->bench.threads = (unsigned)number;
        return code;
    case OPTION_TIME:
        code = args_span(command, "--time", optarg, &request->bench.ns);
        if (code == CLI_OK && request->bench.ns > SPAN_MAX)
            return report_usage(command, "--time: at most an hour");
        return code;
    default:
        return report_try_help(command);
    }
}

static int
run(int argc, char **argv)
{
    struct request request = {.bench = {.directory = ".",
                                        .value_size = VALUE_SIZE,
                                        .threads = THREADS,
                                        .ns = NS_PER_S,
                                        .show = show}};
    int code = args_options(&cmd_bench, argc, argv, &request.common,
                            take_option, &request);

    if (code == CLI_OK)
        code = args_operands(&cmd_bench, argc, argv, 0, 1);
    if (code != CLI_OK)
        return code;
    request.bench.context = &request;
    if (optind < argc)
        request.bench.directory = argv[optind];
    return measure(&request);
}

const struct cli_command cmd_bench = {
    .name = "bench",
    .synopsis = "[OPTIONS] [DIRECTORY]",
    .summary = "measure what a journal can do on a disk",
    .about =
        "\n"
        "Makes journals in a scratch directory within DIRECTORY, or the "
        "current\n"
        "one, appends and reads for some seconds, and removes them.  Prints "
        "for\n"
        "each case how many entries it did in a second, and how long a call\n"
        "took: half of them (p50), and 99 of 100, at most.  The first case is\n"
        "no journal, but what the disk takes to make 4 KiB durable.\n",
    .options = options,
    .run = run,
};
