/* audit_meta.c - whether the journal's own rows are sound. */
#include "repair/audit_part.h"
#include "journal/marks.h"

/* Which of jn_own_rows; those that every journal has come first. */
enum row { FORMAT, ID, CREATED, NEXT, FIRST, TOTALS, NEEDED };

static bool
is_sound_format(const struct jn_audit *audit, struct jn_span value)
{
    uint64_t format = value.size == 8 ? jn_get_be64(value.data) : 0;

    /* In those of older formats the index is never ahead. */
    if (jn_tail_row_is_ahead(&audit->ahead.row))
        return format == JN_FORMAT;
    return format >= JN_FORMAT_OLDEST && format <= JN_FORMAT;
}

static bool
is_sound_tail(const struct jn_audit *audit, struct jn_span value)
{
    struct jn_tail_row row;

    if (jn_tail_row_decode(&row, value) != 0)
        return false;
    return !row.open || !audit->state_known || row.next == audit->state.next;
}

static bool
is_sound_mark(const struct jn_audit *audit, struct jn_span key,
              struct jn_span value)
{
    uint64_t seq;

    return jn_marks_decode(key, value, &seq) == 0 && seq <= audit->size;
}

bool
jn_audit_meta_sound(struct jn_audit *audit, struct jn_span key,
                    struct jn_span value)
{
    unsigned row = jn_own_row(key);
    struct jn_cuts cuts;

    if (row < JN_OWN_ROWS)
        audit->meta_seen |= 1u << row;
    switch (row) {
    case FORMAT:
        return is_sound_format(audit, value);
    case ID:
        return value.size == JN_ID_SIZE;
    case CREATED:
        return value.size == 8;
    case NEXT:
    case FIRST:
    case TOTALS:
        return true; /* together they are the state */
    case JN_OWN_ROWS - 1:
        return is_sound_tail(audit, value);
    case JN_OWN_ROWS:
        return is_sound_mark(audit, key, value);
    default:
        return jn_cuts_decode(&cuts, value) == 0;
    }
}

unsigned
jn_audit_meta_missing(const struct jn_audit *audit)
{
    unsigned missing = 0;

    for (unsigned i = 0; i < NEEDED; i++)
        missing += (audit->meta_seen & 1u << i) == 0;
    return missing;
}

/* A compaction may have taken the newest entry. */
static bool
is_right_time(const struct jn_audit *audit)
{
    return audit->newest_sound ? audit->stored_time == audit->state.last_time
                               : audit->stored_time <= audit->state.last_time;
}

bool
jn_audit_meta_adds_up(const struct jn_audit *audit)
{
    const struct jn_state *state = &audit->state;

    if (audit->counts.entries_bad == 0 &&
        (audit->logical != state->bytes_logical || !is_right_time(audit)))
        return false;
    if (!jn_audit_ahead_is_whole(&audit->ahead))
        return true;
    return audit->counts.index_bad > 0 ||
           (audit->tombstone_rows == state->tombstones &&
            jn_audit_ahead_is_right(audit));
}
