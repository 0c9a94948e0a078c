/* Large pieces of memory for a moment: the arguments of a command with thousands, what it sorts in.
 *
 * The C library gives such pieces back to the system at once, which then clears new pages for the next
 * one: that takes longer than most of what they are used for. So the process keeps the last few that
 * were freed, EK_LARGE_KEPT of at most EK_LARGE_MAX bytes, for the commands of the next second; later
 * ones, and closing a store, free them. Smaller and larger ones are malloc's. Any thread; no lock. */
#ifndef EK_BASE_LARGE_H
#define EK_BASE_LARGE_H

#include "base/base.h"

#define EK_LARGE_KEPT 4u
#define EK_LARGE_MIN ((size_t)64 << 10)
#define EK_LARGE_MAX ((size_t)8 << 20)

void *ek_large_alloc(size_t n); /* NULL: there is no memory. 16 bytes aligned, anything in it */
void ek_large_free(void *p);    /* of ek_large_alloc only, or NULL */
void ek_large_tidy(void);   /* free what was not used for a second; call it now and then */
void ek_large_forget(void); /* free all that is kept */

#endif
