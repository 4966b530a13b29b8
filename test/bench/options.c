/* options.c - the command line, and how much work each size of a run is. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"
#include "workload.h"

/* As long as it is published; every part gets medians of five rounds. */
static const struct settings usual = {.size = "usual",
                                      .rounds = 5,
                                      .slices = 2,
                                      .slice_ns = 60000000,
                                      .rests = 10,
                                      .entries = 1000000,
                                      .keys = 100000,
                                      .value_size = VALUE_SIZE,
                                      .bytes_max = 32u << 20,
                                      .revisions = 1000000,
                                      .timed = 1000000,
                                      .relaxed = 1000000,
                                      .turn_ns = 600000000,
                                      .tailed = 10000,
                                      .lookups = 10000,
                                      .killed = 20000,
                                      .costs = 8000,
                                      .many = 10000000,
                                      .wakes = 200,
                                      .head_start_ns = 150000000,
                                      .offered_ns = 500000000,
                                      .growth_least = 10000,
                                      .growth_most = 1000000};

/* A first impression. */
static const struct settings quick = {.size = "quick",
                                      .rounds = 3,
                                      .slices = 1,
                                      .slice_ns = 50000000,
                                      .rests = 2,
                                      .entries = 200000,
                                      .keys = 20000,
                                      .value_size = VALUE_SIZE,
                                      .bytes_max = 8u << 20,
                                      .revisions = 100000,
                                      .timed = 100000,
                                      .relaxed = 150000,
                                      .turn_ns = 250000000,
                                      .tailed = 10000,
                                      .lookups = 5000,
                                      .killed = 20000,
                                      .costs = 5000,
                                      .many = 10000000,
                                      .wakes = 100,
                                      .head_start_ns = 200000000,
                                      .offered_ns = 200000000,
                                      .growth_least = 10000,
                                      .growth_most = 100000};

/* Does the program itself work?  Figures mean nothing. */
static const struct settings tiny = {.size = "tiny",
                                     .rounds = 2,
                                     .slices = 1,
                                     .slice_ns = 1000000,
                                     .entries = 4000,
                                     .keys = 400,
                                     .value_size = VALUE_SIZE,
                                     .bytes_max = 1u << 17,
                                     .revisions = 2000,
                                     .timed = 4000,
                                     .relaxed = 1000,
                                     .turn_ns = 5000000,
                                     .tailed = 300,
                                     .lookups = 200,
                                     .killed = 300,
                                     .costs = 200,
                                     .many = 20000,
                                     .wakes = 10,
                                     .head_start_ns = 20000000,
                                     .offered_ns = 5000000,
                                     .growth_least = 1000,
                                     .growth_most = 10000};

static const char usage[] =
    "usage: bench [--quick|--tiny] [--large] [--part PART,...] [--value BYTES]"
    "\n             [--fill PROGRAM] [--json] [--out DIR] [--dir DIR]\n";

static const char help[] =
    "\n"
    "Measures libjournal beside programs on a raw file, on raw LMDB and, where"
    " they are\n"
    "installed, SQLite, LevelDB and RocksDB that do the same work.  Engines"
    " have no part\n"
    "in what they have no answer to.\n"
    "\n"
    "  --quick    fewer rounds and entries: a first impression\n"
    "  --tiny     next to no work: does the program itself work?\n"
    "  --large    up to ten million entries and keys, and the part grid; some"
    " 12 GB more\n"
    "  --value N  values of N bytes instead of 100\n"
    "  --fill P   how to read from another language: test/bench/fill.py and a"
    " library\n"
    "  --json     one JSON object instead of the table\n"
    "  --out DIR  both there too, as results.txt and results.json, or"
    " results-PART....\n"
    "  --dir DIR  make the databases in a new directory there; some 2 GB are"
    " needed.\n"
    "             Durable figures are the disk's that DIR is on.\n"
    "  --part P   only these, with commas between them:\n";

static const char status[] =
    "\n"
    "Exit status: 0 if all results were right, 1 if one was wrong or could"
    " not be\n"
    "had, 2 for a wrong option.  How fast things were does not matter.\n";

static _Noreturn void
explain(FILE *file, int result)
{
    fputs(usage, file);
    if (result == EXIT_SUCCESS) {
        fputs(help, file);
        parts_describe(file);
        fputs(status, file);
    }
    exit(result);
}

/* What a size does not say, kept over the choice of one. */
static void
resize(struct settings *settings, const struct settings *size)
{
    struct settings chosen = *size;

    chosen.value_size = settings->value_size;
    chosen.large = settings->large;
    chosen.part = settings->part;
    chosen.filler = settings->filler;
    chosen.json = settings->json;
    chosen.out = settings->out;
    *settings = chosen;
}

static size_t
value_size(const char *text)
{
    char *end;
    unsigned long size = strtoul(text, &end, 10);

    if (*text == '\0' || *end != '\0' || size == 0 || size > VALUE_SIZE_MAX)
        explain(stderr, 2);
    return size;
}

static void
take_option(int option, struct settings *settings, const char **parent)
{
    switch (option) {
    case 'q':
        resize(settings, &quick);
        return;
    case 't':
        resize(settings, &tiny);
        return;
    case 'l':
        settings->large = true;
        return;
    case 'v':
        settings->value_size = value_size(optarg);
        return;
    case 'j':
        settings->json = true;
        return;
    case 'o':
        settings->out = optarg;
        return;
    case 'f':
        settings->filler = optarg;
        return;
    case 'p':
        settings->part = optarg;
        return;
    case 'd':
        *parent = optarg;
        return;
    case 'h':
        explain(stdout, EXIT_SUCCESS);
    default:
        explain(stderr, 2);
    }
}

void
options_read(int count, char **arguments, struct settings *settings,
             const char **parent)
{
    static const struct option options[] = {
        {"quick", no_argument, NULL, 'q'},
        {"tiny", no_argument, NULL, 't'},
        {"large", no_argument, NULL, 'l'},
        {"value", required_argument, NULL, 'v'},
        {"json", no_argument, NULL, 'j'},
        {"out", required_argument, NULL, 'o'},
        {"fill", required_argument, NULL, 'f'},
        {"part", required_argument, NULL, 'p'},
        {"dir", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    *settings = usual;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1)
        take_option(option, settings, parent);
    if (optind < count)
        explain(stderr, 2);
    if (settings->large) {
        settings->timed *= 10;
        settings->growth_most *= 10;
    }
}
