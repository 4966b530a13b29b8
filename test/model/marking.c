/* marking.c - marks are set, moved, removed and looked at, by chance. */
#include "marking.h"

#include <string.h>

#include "compare.h"
#include "support/chance.h"
#include "trace.h"

/* Neighbours in order; some are short enough to be padded on the disk. */
static const char *const names[] = {
    "a",
    "a\x01",
    "aa",
    "aaa",
    "aaaa",
    "aaab",
    "b",
    "mark/",
    "mark/mark",
    "mailer",
    "mailer\x7F",
    "mailer 2",
    "z",
    "zz",
    "\xC3\xA9",
    "\xC3\xAA",
    "\xF0\x9F\x98\x80",
};

#define NAMES (sizeof(names) / sizeof(names[0]))

/* One of them, or one that is as long as it can be. */
static const char *
any_name(void)
{
    static char name[JOURNAL_MARK_SIZE];

    if (!one_in(8))
        return names[below(NAMES)];
    memset(name, 'l', sizeof(name) - 1);
    name[sizeof(name) - 2] = (char)('a' + below(4));
    return name;
}

/* Mostly near the end, so that marks do not hold up every prune. */
static uint64_t
any_position(const struct model *model)
{
    uint64_t back = one_in(6) ? below(model->size - model->first + 30)
                              : below(40);

    if (one_in(12))
        return model->size < JOURNAL_NONE - 3 ? model->size + between(1, 3)
                                              : JOURNAL_NONE;
    return back < model->size ? model->size - back : 0;
}

static void
set_mark(struct model *model, struct journal *journal, const char *name)
{
    uint64_t seq = any_position(model);
    int rc, want;

    trace("mark %.20s at %llu of [%llu, %llu)", name, (unsigned long long)seq,
          (unsigned long long)model->first, (unsigned long long)model->size);
    rc = journal_mark(journal, name, seq);
    want = model_mark(model, name, seq);
    expect(rc == want, "mark: %s instead of %s", journal_errname(rc),
           journal_errname(want));
}

static void
remove_mark(struct model *model, struct journal *journal, const char *name)
{
    int rc, want;

    trace("unmark %.20s", name);
    rc = journal_unmark(journal, name);
    want = model_unmark(model, name);
    expect(rc == want, "unmark: %s instead of %s", journal_errname(rc),
           journal_errname(want));
}

void
marking_change(struct model *model, struct journal *journal)
{
    const char *name = any_name();

    if (one_in(3))
        remove_mark(model, journal, name);
    else
        set_mark(model, journal, name);
    compare_marked(model, journal, name);
}

void
marking_look(const struct model *model, struct journal *journal)
{
    trace("look at marks");
    compare_marked(model, journal, any_name());
    compare_marks(model, journal, one_in(3) ? "" : any_name());
}
