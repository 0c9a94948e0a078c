/* The check build's walk over what a command may have changed (see walk.c). Nothing otherwise. */
#ifndef EK_ENGINE_WALK_H
#define EK_ENGINE_WALK_H

#include "engine/context.h"

#ifdef EK_CHECK
void ek_walk_after(const ek_ctx *c); /* aborts when a structure contradicts itself */
#else
EK_INLINE void ek_walk_after(const ek_ctx *c) { (void)c; }
#endif

#endif
