/* newest_basis.c - what the store says of the tail, remembered. */
#include "base/error.h"
#include "journal/newest.h"
#include "journal/view.h"

int
jn_newest_basis(struct jn_newest *newest, struct jn_txn *txn,
                const struct jn_basis **out)
{
    struct jn_basis *basis = &newest->basis;
    uint64_t snapshot = jn_store_number(txn) - 1;
    int rc = 0;

    if (basis->snapshot != snapshot) {
        basis->snapshot = 0;
        rc = jn_view_tail(txn, &basis->row);
        if (rc == 0)
            rc = jn_view_stored_state(txn, &basis->state);
        if (rc == 0)
            basis->snapshot = snapshot;
    }
    *out = basis;
    return rc;
}

/* False: nobody has looked at this snapshot, or somebody just does. */
static bool
remember(const struct jn_glance *glance, uint64_t snapshot,
         struct jn_outset *outset)
{
    uint64_t version = atomic_load(&glance->version);
    bool right = version % 2 == 0 && atomic_load(&glance->snapshot) == snapshot;

    outset->open = atomic_load(&glance->open) != 0;
    outset->start = atomic_load(&glance->start);
    outset->next = atomic_load(&glance->next);
    outset->shown = atomic_load(&glance->shown);
    return right && atomic_load(&glance->version) == version;
}

static void
note(struct jn_glance *glance, uint64_t snapshot,
     const struct jn_outset *outset)
{
    uint64_t version = atomic_load(&glance->version);

    if (version % 2 != 0 ||
        !atomic_compare_exchange_strong(&glance->version, &version,
                                        version + 1))
        return; /* somebody else does */
    atomic_store(&glance->snapshot, snapshot);
    atomic_store(&glance->open, outset->open);
    atomic_store(&glance->start, outset->start);
    atomic_store(&glance->next, outset->next);
    atomic_store(&glance->shown, outset->shown);
    atomic_store(&glance->version, version + 2);
}

static struct jn_outset
outset_of(const struct jn_tail_row *row)
{
    return (struct jn_outset){.open = row->open,
                              .start = row->start,
                              .next = row->next,
                              .shown = row->ahead_end};
}

int
jn_newest_outset(struct jn_newest *newest, struct jn_txn *txn,
                 struct jn_outset *outset)
{
    uint64_t snapshot = jn_store_number(txn);
    const struct jn_basis *basis;
    struct jn_tail_row row;
    int rc;

    if (txn->write) {
        rc = jn_newest_basis(newest, txn, &basis);
        if (rc == 0)
            *outset = outset_of(&basis->row);
        return rc;
    }
    if (remember(&newest->glance, snapshot, outset))
        return 0;
    rc = jn_view_tail(txn, &row);
    if (rc == 0) {
        *outset = outset_of(&row);
        note(&newest->glance, snapshot, outset);
    }
    return rc;
}
