/*
 * replay.c - a fuzz target tries the inputs that are kept, without a fuzzer.
 *
 *   NAME_fuzz           those in test/fuzz/corpus/NAME below TEST_ROOT, or .
 *   NAME_fuzz FILE...   these
 */
#include <dirent.h>
#include <limits.h>
#include <string.h>

#include "fuzz.h"

#define SUFFIX "_fuzz"

static unsigned tried;

/* Its name comes first, so that the last one printed is the one that failed. */
static void
try(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t size = 0, got;

    printf("%s\n", path);
    (void)fflush(stdout);
    fuzz_check(file != NULL, "it can be opened");
    do {
        data = realloc(data, size + BUFSIZ);
        fuzz_check(data != NULL, "there is memory");
        got = fread(data + size, 1, BUFSIZ, file);
        size += got;
    } while (got > 0);
    fuzz_check(ferror(file) == 0, "it can be read");
    (void)fclose(file);
    /* To the byte, so that a step too far is seen. */
    if (size > 0)
        data = realloc(data, size);
    (void)fuzz_one(data, size);
    free(data);
    tried++;
}

static void
try_corpus(const char *target)
{
    const char *root = getenv("TEST_ROOT");
    char directory[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
    struct dirent *entry;
    DIR *corpus;

    (void)snprintf(directory, sizeof(directory), "%s/test/fuzz/corpus/%.*s",
                   root == NULL ? "." : root,
                   (int)(strlen(target) - strlen(SUFFIX)), target);
    corpus = opendir(directory);
    fuzz_check(corpus != NULL, directory);
    while ((entry = readdir(corpus)) != NULL) {
        (void)snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        if (entry->d_name[0] != '.')
            try(path);
    }
    (void)closedir(corpus);
}

int
main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *target = slash == NULL ? argv[0] : slash + 1;

    for (int i = 1; i < argc; i++)
        try(argv[i]);
    if (argc < 2)
        try_corpus(target);
    printf("%s: %u passed, 0 failed\n", target, tried);
    return 0;
}
