#include "store/view.h"

#include "base/clock.h"

#define ENTER_MS 1000

ek_status ek_view_begin(ek_store *s, ek_view *v) {
    ek_status st = ek_snapshot_begin(s->a, &v->snapshot);
    if (st != EK_OK) return st;
    ek_arena *a = ek_snapshot_view(v->snapshot);
    ek_store_root *root = ek_ptr(a, a->hdr->root);
    v->of = s->a;
    v->locked = true;
    v->longest_ns = 0;
    v->entered_ns = ek_clock_thread_ns();
    v->store = (ek_store){.a = a, .root = root, .dbs = ek_ptr(a, root->dbs), .clock = s->clock};
    return EK_OK;
}

static void note_time(ek_view *v) {
    int64_t held_ns = ek_clock_thread_ns() - v->entered_ns;
    if (held_ns > v->longest_ns) v->longest_ns = held_ns;
}

void ek_view_leave(void *view) {
    ek_view *v = view;
    v->locked = false;
    note_time(v);
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
    v->entered_ns = ek_clock_thread_ns();
    return v->locked && ek_snapshot_take(v->snapshot, true);
}

bool ek_view_end(ek_view *v) {
    bool stood = ek_snapshot_end(v->snapshot);
    note_time(v);
    return stood;
}

void ek_view_drop(ek_view *v) { ek_snapshot_drop(v->snapshot); }
