/* recipe.h - what the recipes of docs/cookbook.md are tried with. */
#ifndef RECIPE_H
#define RECIPE_H

#include <errno.h>
#include <inttypes.h>
#include <journal.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Ends the program where what a recipe promises is not so. */
#define NEED(truth) need(truth, #truth, __FILE__, __LINE__)

static void
need(int truth, const char *text, const char *file, int line)
{
    if (truth)
        return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
    exit(1);
}

static void
put(struct journal *journal, const char *key, const char *value)
{
    NEED(journal_append(journal, key, strlen(key), value, strlen(value),
                        NULL) == 0);
}

/* Is VALUE the latest of KEY? */
static int
has(struct journal *journal, const char *key, const char *value)
{
    struct journal_entry *entry = NULL;
    int same = journal_get(journal, key, strlen(key), &entry) == 0 &&
               entry->value_size == strlen(value) &&
               memcmp(entry->value, value, entry->value_size) == 0;

    journal_entry_free(entry);
    return same;
}

static char notes[4096];
static atomic_int notes_made;

static void
note(const struct journal_entry *entry)
{
    size_t used = strlen(notes);

    snprintf(notes + used, sizeof notes - used, "%" PRIu64 " %.*s=%.*s\n",
             entry->seq, (int)entry->key_size, (const char *)entry->key,
             (int)entry->value_size, (const char *)entry->value);
    atomic_fetch_add(&notes_made, 1);
}

/* Was TEXT noted since this was asked last? */
static int
noted(const char *text)
{
    int same = strcmp(notes, text) == 0;

    if (!same)
        fprintf(stderr, "noted:\n%s", notes);
    notes[0] = '\0';
    atomic_store(&notes_made, 0);
    return same;
}

static int handled;

static int
handle(const struct journal_entry *entry)
{
    handled += entry->value_size != 0;
    return 0;
}

/* For as long as makes two times differ. */
static void
wait_a_moment(void)
{
    const struct timespec moment = {0, 2000000};

    nanosleep(&moment, NULL);
}

static int open_as_leader(const char *path, struct journal **journal);

/* What a process of its own is told, which forgets what it INHERITED. */
static int
another_opens_as_leader(struct journal *inherited)
{
    struct journal *journal = NULL;
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        journal_close(inherited);
        status = open_as_leader("lock", &journal);
        journal_close(journal);
        _exit(-status);
    }
    NEED(child > 0 && waitpid(child, &status, 0) == child);
    NEED(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

struct stopper {
    struct journal *journal;
    atomic_int *stop;
};

/* Appends one that matches and one that does not, and later says stop. */
static void *
append_and_stop(void *context)
{
    struct stopper *stopper = context;

    wait_a_moment();
    put(stopper->journal, "b/1", "-");
    put(stopper->journal, "a/2", "y");
    while (atomic_load(&notes_made) < 2)
        wait_a_moment();
    atomic_store(stopper->stop, 1);
    return NULL;
}

/* In a new journal. */
static void
try_recipe(const char *number, void (*recipe)(struct journal *journal))
{
    struct journal *journal = NULL;
    char path[64];

    snprintf(path, sizeof path, "recipe-%s", number);
    NEED(journal_open(path, NULL, &journal) == 0);
    recipe(journal);
    journal_close(journal);
}

#endif
