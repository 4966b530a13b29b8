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
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measure.h"
#include "options.h"
#include "probe.h"

static char run_dir[PATH_MAX];
static char current[64];
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
bench_part(const char *name, unsigned number, unsigned count)
{
    snprintf(current, sizeof(current), "%s (%u of %u)", name, number, count);
    if (!isatty(STDERR_FILENO))
        fprintf(stderr, "bench: %s\n", current);
}

void
bench_progress(const char *work, unsigned done, unsigned total)
{
    if (interrupted != 0) {
        clear_progress();
        exit(128 + interrupted);
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s: %s: %u of %u", current, work, done, total);
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

/*
 * DIR/results.KIND; what is not all, or of other values, says so in its
 * name.
 */
static FILE *
open_result(const struct settings *settings, const char *kind)
{
    char parts[200] = "", values[32] = "", name[256];
    FILE *file;
    char *path;

    if (settings->part != NULL)
        snprintf(parts, sizeof(parts), "-%s", settings->part);
    if (settings->value_size != VALUE_SIZE)
        snprintf(values, sizeof(values), "-%zu", settings->value_size);
    snprintf(name, sizeof(name), "results%s%s.%s", parts, values, kind);
    path = bench_join(settings->out, name);
    file = fopen(path, "we");
    if (file == NULL)
        bench_fail("%s: %s", path, strerror(errno));
    free(path);
    return file;
}

static void
close_result(FILE *file)
{
    if (ferror(file) || fclose(file) != 0)
        bench_fail("results cannot be written: %s", strerror(errno));
}

static void
leave_results(const struct report *report, const struct settings *settings)
{
    FILE *file = open_result(settings, "txt");

    report_print(report, settings, file);
    close_result(file);
    file = open_result(settings, "json");
    report_print_json(report, settings, file);
    close_result(file);
}

int
main(int count, char **arguments)
{
    static struct report report;
    struct settings settings;
    const char *parent = NULL;

    /* The program starts itself to be watched, or killed. */
    if (count > 1 && strcmp(arguments[1], "probe") == 0)
        return probe_main(count - 2, arguments + 2);

    options_read(count, arguments, &settings, &parent);
    if (settings.out != NULL)
        bench_make_dir(settings.out);
    catch_signals();
    make_run_dir(parent);
    settings.dir = run_dir;
    parts_measure(&report, &settings);
    clear_progress();
    if (settings.out != NULL)
        leave_results(&report, &settings);
    if (settings.json)
        report_print_json(&report, &settings, stdout);
    else
        report_print(&report, &settings, stdout);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
