/*
 * bench.c - measures libjournal beside programs on other libraries.
 *
 * All do the same work in the same run, in turns; every result is checked.
 * The exit status says whether results were right, never whether they were
 * fast.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measure.h"
#include "probe.h"

static char run_dir[PATH_MAX];
static volatile sig_atomic_t interrupted;

/* ---- what every part shares --------------------------------------------- */

static void
clear_progress(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

void
bench_fail(const char *format, ...)
{
    va_list arguments;

    clear_progress();
    fputs("bench: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

void *
bench_resize(void *memory, size_t size)
{
    void *resized = realloc(memory, size);

    if (resized == NULL)
        bench_fail("out of memory");
    return resized;
}

void
bench_progress(const char *work, unsigned done, unsigned total)
{
    if (interrupted != 0) {
        clear_progress();
        exit(128 + interrupted);
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s: %u of %u", work, done, total);
}

char *
bench_join(const char *dir, const char *name)
{
    size_t size = strlen(dir) + strlen(name) + 2;
    char *path = bench_resize(NULL, size);

    snprintf(path, size, "%s/%s", dir, name);
    return path;
}

char *
bench_path(const struct settings *settings, const char *name)
{
    return bench_join(settings->dir, name);
}

void
bench_make_dir(const char *path)
{
    if (mkdir(path, 0750) != 0 && errno != EEXIST)
        bench_fail("%s: %s", path, strerror(errno));
}

void
bench_sync(const struct settings *settings)
{
    int dir = open(settings->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0 || syncfs(dir) != 0)
        bench_fail("%s: %s", settings->dir, strerror(errno));
    close(dir);
}

/* ---- the run's own directory -------------------------------------------- */

static int
remove_one(const char *path, const struct stat *status, int kind,
           struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void
bench_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
remove_run_dir(void)
{
    bench_remove(run_dir);
}

static void
note_signal(int signal)
{
    interrupted = signal;
}

/* In PARENT, or where the program is: a build tree is on a real disk. */
static void
make_run_dir(const char *parent)
{
    char here[PATH_MAX];
    ssize_t size;
    char *slash;

    if (parent == NULL) {
        size = readlink("/proc/self/exe", here, sizeof(here) - 1);
        if (size <= 0)
            bench_fail("give a place for databases with --dir");
        here[size] = '\0';
        slash = strrchr(here, '/');
        *slash = '\0';
        parent = here;
    }
    if ((size_t)snprintf(run_dir, sizeof(run_dir), "%s/run-XXXXXX", parent) >=
        sizeof(run_dir))
        bench_fail("%s: %s", parent, strerror(ENAMETOOLONG));
    if (mkdtemp(run_dir) == NULL)
        bench_fail("%s: %s", parent, strerror(errno));
    atexit(remove_run_dir);
}

static void
catch_signals(void)
{
    struct sigaction action = {.sa_handler = note_signal,
                               .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* ---- the program -------------------------------------------------------- */

/* What is measured of the one journal of SETTINGS, from its filling on. */
static void
measure_journal(struct report *report, const struct settings *settings)
{
    struct subjects subjects = subjects_make(settings, "journal",
                                             ENGINE_LOOKUPS);
    struct subjects able = subjects_able(&subjects, ENGINE_UPKEEP);
    struct tally everything;
    struct tally nothing = {0};
    struct model model;

    model_make(&model, settings->keys, settings->entries, settings->value_size);
    for (unsigned i = 0; i < subjects.count; i++)
        subject_fill(subjects.list[i], settings->keys, settings->entries,
                     FILL_BATCH);
    measure_space(report, settings, &subjects);
    measure_reads(report, settings, &subjects, &model);
    everything = model_tally(&model, 0, model.count);
    measure_memory(report, &subjects, "replay", &everything);
    for (unsigned i = 0; i < able.count; i++)
        subject_open(able.list[i]);
    measure_filling(report, settings, &able, &model);
    measure_prune(report, settings, &able, &model);
    measure_compaction(report, settings, &able, &model);
    measure_memory(report, &able, "prune", &nothing);
    subjects_free(&subjects);
    model_free(&model);
}

static const struct part {
    const char *name;
    void (*measure)(struct report *report, const struct settings *settings);
} parts[] = {
    {"appends", measure_appends},     {"batches", measure_batches},
    {"opens", measure_opens},         {"relaxed", measure_relaxed},
    {"journal", measure_journal},     {"history", measure_history},
    {"questions", measure_questions}, {"times", measure_find_time},
    {"retention", measure_retention}, {"wakeups", measure_wakeups},
};

#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

static void
measure_all(struct report *report, const struct settings *settings)
{
    bool known = settings->part == NULL;

    for (size_t i = 0; i < PART_COUNT; i++) {
        if (settings->part != NULL &&
            strcmp(settings->part, parts[i].name) != 0)
            continue;
        parts[i].measure(report, settings);
        known = true;
    }
    if (!known)
        bench_fail("no part %s", settings->part);
    if (engines[ENGINE_SQLITE] == NULL)
        report_remark(report, "SQLite is left out: no libsqlite3-dev, or no"
                              " pkg-config to find it.");
    if (engines[ENGINE_LEVELDB] == NULL)
        report_remark(report, "LevelDB is left out: no libleveldb-dev.");
    if (engines[ENGINE_ROCKSDB] == NULL)
        report_remark(report, "RocksDB is left out: no librocksdb-dev.");
}

static const char help[] =
    "usage: bench [--quick] [--large] [--part PART] [--fill PROGRAM] [--json]"
    " [--dir DIR]\n"
    "\n"
    "Measures libjournal beside programs on raw LMDB and, where they are"
    " installed,\n"
    "SQLite, LevelDB and RocksDB that do the same work.  The last two have no"
    " part in\n"
    "what they have no answer to.\n"
    "\n"
    "  --quick    fewer rounds and entries: a first impression\n"
    "  --large    find_time among ten million entries, not one; relaxed"
    " appends over\n"
    "             ten million keys too; some 12 GB more\n"
    "  --part P   only that:\n"
    "    appends    durable, of 1, 16 and 64 threads; single ones beside the"
    " bare disk\n"
    "    batches    durable, of 100 and of 1000\n"
    "    opens      after a close, and after the kill of who appended relaxed\n"
    "    relaxed    appends that survive the process, not loss of power:"
    " JOURNAL_RELAXED,\n"
    "               MDB_NOSYNC, SQLite's NORMAL, writes without sync; few"
    " keys, many, none\n"
    "    journal    a get, a read, a replay, space, memory, a prune\n"
    "    history    get_at among the revisions of one key\n"
    "    questions  about keys, prefixes, times, the state as of a number\n"
    "    times      find_time\n"
    "    retention  batches that remove what is too old\n"
    "    wakeups    how soon another process knows of an append\n"
    "  --fill P   how to read from another language: test/bench/fill.py and a"
    " library\n"
    "  --json     one JSON object instead of the table\n"
    "  --dir DIR  make the databases in a new directory there; some 2 GB are"
    " needed.\n"
    "             Durable figures are the disk's that DIR is on.\n"
    "\n"
    "Exit status: 0 if all results were right, 1 if one was wrong or could"
    " not be\n"
    "had, 2 for a wrong option.  How fast things were does not matter.\n";

static void
read_options(int count, char **arguments, struct settings *settings,
             const char **parent)
{
    static const struct option options[] = {
        {"quick", no_argument, NULL, 'q'},
        {"large", no_argument, NULL, 'l'},
        {"json", no_argument, NULL, 'j'},
        {"fill", required_argument, NULL, 'f'},
        {"part", required_argument, NULL, 'p'},
        {"dir", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) {
        switch (option) {
        case 'q':
            settings->rounds = 3;
            settings->slices = 3;
            settings->entries = 200000;
            settings->revisions = 200000;
            settings->timed = 200000;
            settings->relaxed = 200000;
            settings->turn_ns = 1500000000;
            break;
        case 'l':
            settings->timed = 10000000;
            settings->large = true;
            break;
        case 'j':
            settings->json = true;
            break;
        case 'f':
            settings->filler = optarg;
            break;
        case 'p':
            settings->part = optarg;
            break;
        case 'd':
            *parent = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            exit(EXIT_SUCCESS);
        default:
            fputs(help, stderr);
            exit(2);
        }
    }
    if (optind < count) {
        fputs(help, stderr);
        exit(2);
    }
}

int
main(int count, char **arguments)
{
    struct settings settings = {.rounds = 7,
                                .slices = 6,
                                .slice_ns = 100000000,
                                .entries = 1000000,
                                .keys = 100000,
                                .value_size = VALUE_SIZE,
                                .revisions = 1000000,
                                .timed = 1000000,
                                .relaxed = 1000000,
                                .turn_ns = 5000000000};
    static struct report report;
    const char *parent = NULL;

    /* The program starts itself to be watched, or killed. */
    if (count > 1 && strcmp(arguments[1], "probe") == 0)
        return probe_main(count - 2, arguments + 2);

    read_options(count, arguments, &settings, &parent);
    catch_signals();
    make_run_dir(parent);
    settings.dir = run_dir;
    measure_all(&report, &settings);
    clear_progress();
    if (settings.json)
        report_print_json(&report, &settings);
    else
        report_print(&report, &settings);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
