/* test.c - what every test program has: a main(), a directory, chance. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATHS 8

char test_dir[PATH_MAX];

static struct {
    bool chosen;
    bool printed;
    uint64_t value;
} seed;

void
test_note(const char *file, int line)
{
    static _Thread_local struct timespec noted;
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec == noted.tv_sec && now.tv_nsec == noted.tv_nsec)
        return;
    noted = now;
    (_mark_point)(file, line);
}

void
test_setup(void)
{
    const char *base = getenv("TMPDIR");
    char *real;

    if (base == NULL || base[0] == '\0')
        base = "/tmp";
    real = realpath(base, NULL);
    ck_assert_msg(real != NULL, "%s: %s", base, strerror(errno));
    snprintf(test_dir, PATH_MAX, "%s/journal-test.XXXXXX", real);
    free(real);
    ck_assert_msg(mkdtemp(test_dir) != NULL, "%s: %s", test_dir,
                  strerror(errno));
}

static void remove_tree(int parent, const char *name);

static void
empty_directory(int parent, const char *name)
{
    DIR *directory;
    struct dirent *entry;
    int fd;

    /* A test may have taken its own permissions away. */
    (void)fchmodat(parent, name, 0700, 0);
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    directory = fdopendir(fd);
    if (directory == NULL) {
        close(fd);
        return;
    }
    while ((entry = readdir(directory)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_tree(fd, entry->d_name);
    closedir(directory);
}

static void
remove_tree(int parent, const char *name)
{
    struct stat status;

    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (!S_ISDIR(status.st_mode)) {
        (void)unlinkat(parent, name, 0);
        return;
    }
    empty_directory(parent, name);
    (void)unlinkat(parent, name, AT_REMOVEDIR);
}

void
test_teardown(void)
{
    if (test_dir[0] == '\0')
        return;
    remove_tree(AT_FDCWD, test_dir);
    ck_assert_msg(access(test_dir, F_OK) != 0, "%s could not be removed",
                  test_dir);
    test_dir[0] = '\0';
}

const char *
test_path(const char *name)
{
    static _Thread_local char paths[PATHS][2 * PATH_MAX];
    static _Thread_local unsigned next;
    char *path = paths[next++ % PATHS];

    snprintf(path, sizeof(paths[0]), "%s/%s", test_dir, name);
    return path;
}

void *
test_shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        abort();
    return memory;
}

void
test_unshare(void *memory, size_t size)
{
    (void)munmap(memory, size);
}

pid_t
test_fork(void)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    return child;
}

void
test_join(pid_t child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

static void
choose_seed(void)
{
    const char *text = getenv("TEST_SEED");

    if (text != NULL && text[0] != '\0')
        seed.value = strtoull(text, NULL, 0);
    else if (getrandom(&seed.value, sizeof(seed.value), 0) < 0)
        seed.value = (uint64_t)getpid();
    seed.chosen = true;
}

uint64_t
test_seed(void)
{
    if (!seed.chosen)
        choose_seed();
    if (!seed.printed) {
        printf("TEST_SEED=%llu\n", (unsigned long long)seed.value);
        fflush(stdout);
    }
    seed.printed = true;
    return seed.value;
}

/* The generator splitmix64 of Steele, Lea and Flood (OOPSLA 2014). */
uint64_t
test_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t
test_below(uint64_t *state, uint64_t limit)
{
    return limit == 0 ? 0 : test_random(state) % limit;
}

double
test_scale(void)
{
    const char *text = getenv("TEST_SCALE");
    double scale = text != NULL ? strtod(text, NULL) : 0;

    return scale > 0 ? scale : 1;
}

int
test_main(const char *file, Suite *(*suite)(void))
{
    const char *name = strrchr(file, '/');
    SRunner *runner;
    int failed;
    int run;

    name = name != NULL ? name + 1 : file;
    /* Check reads this when a test case is made; its own default is 4 s. */
    (void)setenv("CK_DEFAULT_TIMEOUT", "120", 0);
    /* Before the first fork, so that all tests have the same. */
    choose_seed();
    runner = srunner_create(suite());
    srunner_run_all(runner, CK_ENV);
    run = srunner_ntests_run(runner);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    printf("%.*s: %d passed, %d failed\n", (int)strcspn(name, "."), name,
           run - failed, failed);
    return run > 0 && failed == 0 && fflush(stdout) == 0 ? EXIT_SUCCESS
                                                         : EXIT_FAILURE;
}
