#include "store/view.h"

#define ENTER_MS 1000

ek_status ek_view_begin(ek_store *s, ek_view *v) {
    ek_status st = ek_snapshot_begin(s->a, &v->snapshot);
    if (st != EK_OK) return st;
    ek_arena *a = ek_snapshot_view(v->snapshot);
    ek_store_root *root = ek_ptr(a, a->hdr->root);
    v->of = s->a;
    v->locked = true;
    v->store = (ek_store){.a = a, .root = root, .dbs = ek_ptr(a, root->dbs), .clock = s->clock};
    return EK_OK;
}

void ek_view_leave(void *view) {
    ek_view *v = view;
    v->locked = false;
    ek_arena_leave(v->of);
}

/* What was kept is taken in before the lock, so that others have it meanwhile, and what little came
 * in between under it. */
bool ek_view_enter(void *view) {
    ek_view *v = view;
    ek_status st;
    ek_snapshot_take(v->snapshot, false);
    do st = ek_arena_enter(v->of, ENTER_MS);
    while (st == EK_EBUSY);
    v->locked = st == EK_OK;
    return v->locked && ek_snapshot_take(v->snapshot, true);
}

bool ek_view_end(ek_view *v) { return ek_snapshot_end(v->snapshot); }
