/* crashes.c - which of all the crashes that a moment allows are tried. */
#include "crashes.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

#define MANY 256u /* crashes that are all tried, if so many are allowed */

/* Of these, in turn, if there are more than that. */
enum way {
    WAY_UP_TO,
    WAY_ONE_ALONE,
    WAY_CHANCE_UNITS,
    WAY_UP_TO_AGAIN,
    WAY_ALL_BUT_ONE,
    WAY_CHANCE_PAGES,
    WAYS
};

void
crashes_begin(struct crashes *crashes, const struct choice *choices,
              size_t count, uint32_t most, uint64_t seed)
{
    memset(crashes, 0, sizeof(*crashes));
    crashes->choices = choices;
    crashes->count = count;
    crashes->most = most;
    crashes->seed = seed;
    crashes->all = 1;
    for (size_t i = 0; i < count && crashes->all <= MANY; i++)
        crashes->all *= choices[i].count;
    if (crashes->all > MANY || crashes->all > most)
        crashes->all = UINT64_MAX;
    crashes->versions = calloc(count + 1, sizeof(*crashes->versions));
    crashes->tried = calloc((size_t)most * 4, sizeof(*crashes->tried));
    if (crashes->versions == NULL || crashes->tried == NULL)
        abort();
}

void
crashes_end(struct crashes *crashes)
{
    free(crashes->versions);
    free(crashes->tried);
}

/* The NUMBERth of all, counted with a digit for each choice. */
static void
take_all_in_turn(struct crashes *crashes, uint64_t number)
{
    for (size_t i = 0; i < crashes->count; i++) {
        crashes->versions[i] = (uint32_t)(number % crashes->choices[i].count);
        number /= crashes->choices[i].count;
    }
}

static void
set_all(struct crashes *crashes, bool newest)
{
    for (size_t i = 0; i < crashes->count; i++)
        crashes->versions[i] = newest ? crashes->choices[i].count - 1 : 0;
}

/* Everything that a moment between the oldest event and the newest had. */
static void
take_up_to(struct crashes *crashes, uint64_t *chance)
{
    const struct choice
        *choice = &crashes->choices[test_random(chance) % crashes->count];
    uint32_t event = choice
                         ->event[1 + test_random(chance) % (choice->count - 1)];

    for (size_t i = 0; i < crashes->count; i++) {
        uint32_t version = crashes->choices[i].count - 1;

        while (version > 0 && crashes->choices[i].event[version] > event)
            version--;
        crashes->versions[i] = version;
    }
}

static void
take_one(struct crashes *crashes, uint64_t *chance, bool alone)
{
    size_t one = test_random(chance) % crashes->count;
    uint32_t count = crashes->choices[one].count;

    set_all(crashes, !alone);
    crashes->versions[one] = (uint32_t)(test_random(chance) % (count - 1)) +
                             alone;
}

static void
take_by_chance(struct crashes *crashes, uint64_t *chance, bool by_pages)
{
    static const unsigned densities[] = {1, 4, 12, 15}; /* of 16 */
    unsigned density = densities[test_random(chance) % 4];
    uint64_t own = test_random(chance);

    for (size_t i = 0; i < crashes->count; i++) {
        const struct choice *choice = &crashes->choices[i];
        uint64_t part = by_pages ? choice->page : i;
        uint64_t state = own ^ (part + 1) * UINT64_C(0x9e3779b97f4a7c15) ^
                         (uint64_t)choice->file << 48;
        bool goes = test_random(&state) % 16 < density;
        bool newest = test_random(&state) % 2 == 0;

        if (!goes)
            crashes->versions[i] = 0;
        else if (newest)
            crashes->versions[i] = choice->count - 1;
        else
            crashes->versions[i] = (uint32_t)(test_random(&state) %
                                              choice->count);
    }
}

static void
take_some(struct crashes *crashes, uint32_t number)
{
    uint64_t chance = crashes->seed + number * UINT64_C(0x2545f4914f6cdd1d);

    if (number < 2) {
        set_all(crashes, number == 1);
        return;
    }
    switch ((enum way)(number % WAYS)) {
    case WAY_UP_TO:
    case WAY_UP_TO_AGAIN:
        take_up_to(crashes, &chance);
        break;
    case WAY_ONE_ALONE:
        take_one(crashes, &chance, true);
        break;
    case WAY_ALL_BUT_ONE:
        take_one(crashes, &chance, false);
        break;
    default:
        take_by_chance(crashes, &chance, number % WAYS == WAY_CHANCE_PAGES);
        break;
    }
}

/* Whether these versions are new; notes them. */
static bool
is_new(struct crashes *crashes)
{
    size_t room = (size_t)crashes->most * 4;
    uint64_t hash = 1;
    size_t place;

    for (size_t i = 0; i < crashes->count; i++) {
        uint64_t state = hash ^ crashes->versions[i];

        hash = test_random(&state);
    }
    hash += hash == 0;
    for (place = hash % room; crashes->tried[place] != 0;
         place = (place + 1) % room)
        if (crashes->tried[place] == hash)
            return false;
    crashes->tried[place] = hash;
    return true;
}

const uint32_t *
crashes_next(struct crashes *crashes)
{
    while (crashes->next < crashes->most && crashes->next < crashes->all) {
        uint32_t number = crashes->next++;

        if (crashes->all != UINT64_MAX) {
            take_all_in_turn(crashes, number);
            return crashes->versions;
        }
        take_some(crashes, number);
        if (is_new(crashes))
            return crashes->versions;
    }
    return NULL;
}
