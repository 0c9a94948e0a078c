/* The check build's proof that every changed byte was announced (see check.c). Nothing otherwise. */
#ifndef EK_ARENA_CHECK_H
#define EK_ARENA_CHECK_H

#include "arena/arena.h"

#ifdef EK_CHECK
void ek_check_begin(ek_arena *a);
void ek_check_commit(ek_arena *a);
void ek_check_undo(ek_arena *a, const ek_savepoint *to);
void ek_check_close(ek_arena *a);
void ek_check_dies(ek_arena *a); /* a place where a test may kill the process */
EK_NORETURN void ek_check_abort(const char *what);
/* The n-th allocation from now fails, the n-th announcement or step of a commit kills the process,
 * the n-th ek_touch is forgotten; 0: none. */
EK_INLINE bool ek_check_faults(ek_arena *a, uint64_t fail_alloc_in, uint64_t die_at_touch_in,
                               uint64_t forget_touch_in) {
    a->fail_alloc_in = fail_alloc_in;
    a->die_at_touch_in = die_at_touch_in;
    a->forget_touch_in = forget_touch_in;
    return true;
}
#else
EK_INLINE bool ek_check_faults(ek_arena *a, uint64_t fail_alloc_in, uint64_t die_at_touch_in,
                               uint64_t forget_touch_in) {
    (void)a, (void)fail_alloc_in, (void)die_at_touch_in, (void)forget_touch_in;
    return false; /* only the check build can */
}
EK_INLINE void ek_check_dies(ek_arena *a) { (void)a; }
EK_INLINE void ek_check_begin(ek_arena *a) { (void)a; }
EK_INLINE void ek_check_commit(ek_arena *a) { (void)a; }
EK_INLINE void ek_check_undo(ek_arena *a, const ek_savepoint *to) { (void)a, (void)to; }
EK_INLINE void ek_check_close(ek_arena *a) { (void)a; }
#endif

#endif
