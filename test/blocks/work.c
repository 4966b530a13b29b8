/* work.c - a journal is used on a file system whose disk is being watched. */
#include "work.h"

#include <unistd.h>

#include "extents.h"
#include "power/deeds.h"
#include "power/trace.h"

#define TAIL_BYTES (UINT64_C(64) << 10)

struct session {
    struct doer doer;
    const struct work *work;
    struct disk *disk;
    unsigned appends;
    bool is_hurt; /* in the append that has begun */
};

static struct session *
session_of(struct doer *doer)
{
    return doer->watcher;
}

/* ---- writes that fail --------------------------------------------------- */

/* Some write of the journal's files, where they are now, is going to fail. */
static bool
hurt(struct session *session)
{
    enum hurt kind = session->work->hurt;
    struct wounds wounds = {.n = 1, .times = 1, .after = kind == HURT_META};
    struct doer *doer = &session->doer;
    unsigned one_of = 8;

    /* The first append of a process goes into the store. */
    if (session->appends++ == 0)
        one_of = 2;
    if (kind == HURT_NONE ||
        (kind != HURT_FRESH && deed_chance(doer, one_of) > 0))
        return false;
    if (kind == HURT_META) {
        extents_add(&wounds, doer->home, "data.mdb", EXTENTS_META);
    } else if (kind == HURT_FRESH) {
        extents_add(&wounds, doer->home, "data.mdb", EXTENTS_FRESH);
    } else {
        wounds.n += (unsigned)deed_chance(doer, 4);
        wounds.times += (unsigned)deed_chance(doer, 2);
        wounds.after = deed_chance(doer, 2) == 0;
        extents_add(&wounds, doer->home, "data.mdb", EXTENTS_ALL);
        extents_add(&wounds, doer->home, "tail", EXTENTS_ALL);
    }
    disk_hurt(session->disk, &wounds);
    return true;
}

/* Its outcome is unknown until the next session; this one ends. */
static void __attribute__((noreturn))
append_failed(struct session *session, uint32_t number)
{
    struct doer *doer = &session->doer;

    deed_failed(doer, number);
    disk_note(session->disk, EVENT_DEED_DONE, number);
    if (journal_append(doer->journal, "x", 1, "", 0, NULL) != JOURNAL_FAILED)
        deed_wrong(doer, "an append after one that failed", 0);
    if (deed_chance(doer, 2) == 0)
        deed_close(doer);
    _exit(0);
}

static void
begins(struct doer *doer, uint32_t number)
{
    struct session *session = session_of(doer);

    if (doer->life->deeds[number].kind == DEED_APPEND)
        session->is_hurt = hurt(session);
    disk_note(session->disk, EVENT_DEED_BEGUN, number);
}

static void
ends(struct doer *doer, uint32_t number, int rc)
{
    struct session *session = session_of(doer);
    bool was_hurt = session->is_hurt;

    session->is_hurt = false;
    if (was_hurt)
        (void)disk_heal(session->disk);
    if (rc != 0 && was_hurt)
        append_failed(session, number);
    disk_note(session->disk, EVENT_DEED_DONE, number);
}

/* ---- sessions ----------------------------------------------------------- */

static void
live(struct doer *doer)
{
    const struct work *work = session_of(doer)->work;

    deed_open(doer);
    for (unsigned i = 0; i < work->deeds; i++)
        deed_any(doer);
    if (deed_chance(doer, 2) == 0)
        deed_close(doer);
}

const char *
work_do(const struct work *work, const char *directory, struct disk *disk,
        struct life *life)
{
    static const struct watch watch = {.begins = begins, .ends = ends};
    static struct chronicle *chronicle;
    static struct state nothing;
    struct session session = {.work = work, .disk = disk};
    struct doer *doer = &session.doer;

    if (chronicle == NULL)
        chronicle = chronicle_new();
    state_init(&nothing);
    doer->watch = &watch;
    doer->watcher = &session;
    doer->life = life;
    doer->chronicle = chronicle;
    doer->durability = work->durability;
    doer->tail_bytes = TAIL_BYTES;
    return deeds_sessions(doer, directory, &nothing, work->sessions, work->seed,
                          live);
}
