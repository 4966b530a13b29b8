/* work.c - a journal is used on a file system whose disk is being watched. */
#include "work.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "extents.h"
#include "power/trace.h"
#include "support/mode.h"
#include "support/test.h"

#define NOTHING UINT32_MAX
#define TAIL_BYTES (UINT64_C(64) << 10)

/* What the sessions know, one after another. */
struct notes {
    struct state now;
    uint32_t unsure; /* an append that failed; or NOTHING */
    char wrong[200];
};

struct session {
    const struct work *work;
    struct disk *disk;
    struct life *life;
    struct notes *notes;
    struct journal *journal;
    uint64_t chance;
    unsigned appends;
    char home[PATH_MAX];
};

static void *
shared_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        abort();
    return memory;
}

struct life *
work_life(void)
{
    return shared_memory(sizeof(struct life));
}

static void __attribute__((noreturn))
complain(const struct session *session, const char *what, int rc)
{
    (void)snprintf(session->notes->wrong, sizeof(session->notes->wrong),
                   "%s: %s", what, journal_errname(rc));
    _exit(1);
}

static uint64_t
below(struct session *session, uint64_t limit)
{
    return limit == 0 ? 0 : test_random(&session->chance) % limit;
}

/* ---- deeds -------------------------------------------------------------- */

static uint32_t
begin(const struct session *session, const struct deed *deed)
{
    uint32_t number = session->life->count++;

    if (number >= LIFE_DEEDS)
        complain(session, "too many deeds", 0);
    session->life->deeds[number] = *deed;
    disk_note(session->disk, EVENT_DEED_BEGUN, number);
    return number;
}

static void
done(const struct session *session, uint32_t number, const char *what, int rc)
{
    session->life->deeds[number].result = rc;
    if (rc != 0)
        complain(session, what, rc);
    disk_note(session->disk, EVENT_DEED_DONE, number);
    if (!state_apply(&session->notes->now, session->life, number))
        complain(session, "too many entries", 0);
}

static bool
is_durable(const struct session *session)
{
    return session->work->durability == JOURNAL_DURABLE;
}

/* An append had failed: it turns out now whether the entries are there. */
static void
be_sure(struct session *session)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct notes *notes = session->notes;
    int rc = journal_stat(session->journal, &stat);

    if (rc != 0)
        complain(session, "stat", rc);
    if (notes->unsure != NOTHING && stat.size != notes->now.size) {
        session->life->deeds[notes->unsure].result = 0;
        state_apply(&notes->now, session->life, notes->unsure);
    }
    if (stat.size != notes->now.size)
        complain(session, "a size of no deed", 0);
    notes->unsure = NOTHING;
}

static void
open_journal(struct session *session)
{
    const struct deed deed = {.kind = DEED_OPEN, .durable = true};
    uint32_t number = begin(session, &deed);
    struct journal_options options;
    int rc;

    journal_options_init(&options);
    options.durability = session->work->durability;
    options.tail_bytes = TAIL_BYTES;
    rc = mode_open_as_is(session->home, &options, &session->journal);
    if (rc == 0)
        be_sure(session);
    done(session, number, "open", rc);
}

static void
close_journal(struct session *session)
{
    const struct deed deed = {.kind = DEED_CLOSE};
    uint32_t number = begin(session, &deed);

    journal_close(session->journal);
    session->journal = NULL;
    done(session, number, "close", 0);
}

/* Its outcome is unknown until the next session; this one ends. */
static void __attribute__((noreturn))
append_failed(struct session *session, uint32_t number, int rc)
{
    session->notes->unsure = number;
    session->life->deeds[number].failed = true;
    session->life->deeds[number].result = rc;
    disk_note(session->disk, EVENT_DEED_DONE, number);
    if (journal_append(session->journal, "x", 1, "", 0, NULL) != JOURNAL_FAILED)
        complain(session, "an append after one that failed", 0);
    if (below(session, 2) == 0)
        close_journal(session);
    _exit(0);
}

/* Some write of the journal's files, where they are now, is going to fail. */
static bool
hurt(struct session *session)
{
    enum hurt kind = session->work->hurt;
    struct wounds wounds = {.n = 1, .times = 1, .after = kind == HURT_META};
    unsigned one_of = 8;

    /* The first append of a process goes into the store. */
    if (session->appends++ == 0)
        one_of = 2;
    if (kind == HURT_NONE || (kind != HURT_FRESH && below(session, one_of) > 0))
        return false;
    if (kind == HURT_META) {
        extents_add(&wounds, session->home, "data.mdb", EXTENTS_META);
    } else if (kind == HURT_FRESH) {
        extents_add(&wounds, session->home, "data.mdb", EXTENTS_FRESH);
    } else {
        wounds.n += (unsigned)below(session, 4);
        wounds.times += (unsigned)below(session, 2);
        wounds.after = below(session, 2) == 0;
        extents_add(&wounds, session->home, "data.mdb", EXTENTS_ALL);
        extents_add(&wounds, session->home, "tail", EXTENTS_ALL);
    }
    disk_hurt(session->disk, &wounds);
    return true;
}

static void
append(struct session *session)
{
    struct journal_record records[LIFE_BATCH];
    struct deed deed = {.kind = DEED_APPEND,
                        .durable = is_durable(session),
                        .count = 1};
    struct tag tag = {.salt = session->life->salt};
    bool is_hurt = hurt(session);
    int rc;

    if (below(session, 4) == 0)
        deed.count += (uint32_t)below(session, LIFE_BATCH);
    tag.deed = begin(session, &deed);
    for (; tag.part < deed.count; tag.part++)
        records[tag.part] = life_record(&tag);
    rc = journal_append_batch(session->journal, records, deed.count,
                              &session->life->deeds[tag.deed].seq);
    if (is_hurt)
        (void)disk_heal(session->disk);
    if (rc != 0 && is_hurt)
        append_failed(session, tag.deed, rc);
    done(session, tag.deed, "append", rc);
}

static void
prune(struct session *session)
{
    const struct state *now = &session->notes->now;
    uint64_t first = state_first(now);
    struct deed deed = {.kind = DEED_PRUNE};
    uint32_t flags = JOURNAL_PRUNE_PAST_MARKS, number;
    uint64_t removed = 0;
    int rc;

    deed.seq = first + below(session, now->size - first + 1);
    if (below(session, 2) == 0) {
        deed.kind = DEED_COMPACT;
        flags |= JOURNAL_PRUNE_KEEP_LATEST;
    }
    number = begin(session, &deed);
    rc = journal_prune(session->journal, deed.seq, flags, &removed);
    /* What has been removed is so for good; else nothing was promised. */
    session->life->deeds[number].durable = is_durable(session) || removed > 0;
    done(session, number, "prune", rc);
}

static void
rewind_journal(struct session *session)
{
    const struct state *now = &session->notes->now;
    uint64_t most = now->size - state_first(now);
    uint64_t size = now->size - below(session, below(session, most + 1) + 1);
    const struct deed deed = {.kind = DEED_REWIND,
                              .durable = is_durable(session) ||
                                         size < now->size,
                              .seq = size};
    uint32_t number = begin(session, &deed);

    done(session, number, "rewind", journal_rewind(session->journal, deed.seq));
}

static void
mark(struct session *session)
{
    const struct deed deed = {.kind = DEED_MARK,
                              .durable = is_durable(session),
                              .mark = (uint32_t)below(session, LIFE_MARKS),
                              .seq = below(session,
                                           session->notes->now.size + 1)};
    uint32_t number = begin(session, &deed);

    done(session, number, "mark",
         journal_mark(session->journal, life_marks[deed.mark], deed.seq));
}

static void
sync_journal(struct session *session)
{
    const struct deed deed = {.kind = DEED_SYNC, .durable = true};
    uint32_t number = begin(session, &deed);

    done(session, number, "sync", journal_sync(session->journal));
}

/* ---- sessions ----------------------------------------------------------- */

static void
do_anything(struct session *session)
{
    unsigned what = (unsigned)below(session, 64);

    if (what < 50)
        append(session);
    else if (what < 54)
        sync_journal(session);
    else if (what < 57)
        mark(session);
    else if (what < 60)
        prune(session);
    else if (what < 62)
        rewind_journal(session);
    else {
        close_journal(session);
        open_journal(session);
    }
}

static void __attribute__((noreturn)) live(struct session *session)
{
    open_journal(session);
    for (unsigned i = 0; i < session->work->deeds; i++)
        do_anything(session);
    if (below(session, 2) == 0)
        close_journal(session);
    _exit(0);
}

const char *
work_do(const struct work *work, const char *directory, struct disk *disk,
        struct life *life)
{
    static struct notes *notes;
    struct session session = {.work = work, .disk = disk, .life = life};

    if (notes == NULL)
        notes = shared_memory(sizeof(*notes));
    session.notes = notes;
    state_init(&notes->now);
    notes->unsure = NOTHING;
    notes->wrong[0] = '\0';
    life->count = 0;
    life->salt = work->seed;
    (void)snprintf(session.home, sizeof(session.home), "%s/home", directory);
    for (unsigned i = 0; i < work->sessions; i++) {
        int status = 0;
        pid_t child;

        session.chance = work->seed + i * 1000;
        child = fork();
        if (child == 0)
            live(&session);
        if (waitpid(child, &status, 0) != child || status != 0)
            return notes->wrong[0] != '\0' ? notes->wrong : "it was killed";
    }
    return NULL;
}
