/* The check build's proof that every changed byte was announced (see check.c). Nothing otherwise. */
#ifndef EK_ARENA_CHECK_H
#define EK_ARENA_CHECK_H

#include "arena/arena.h"

#ifdef EK_CHECK
void ek_check_begin(ek_arena *a);
void ek_check_commit(ek_arena *a);
void ek_check_undo(ek_arena *a, const ek_savepoint *to);
void ek_check_close(ek_arena *a);
#else
EK_INLINE void ek_check_begin(ek_arena *a) { (void)a; }
EK_INLINE void ek_check_commit(ek_arena *a) { (void)a; }
EK_INLINE void ek_check_undo(ek_arena *a, const ek_savepoint *to) { (void)a, (void)to; }
EK_INLINE void ek_check_close(ek_arena *a) { (void)a; }
#endif

#endif
