/* The log of a process that serves a store: lines as a redis-server writes them.
 *
 *   1234:M 29 Nov 2026 06:32:29.871 * Ready to accept connections
 *   pid    local time               the level: . debug, - verbose, * notice, # warning
 *
 * They go to the setting `logfile`, which is opened for each line, so that it can be moved away, or
 * to stdout for who asked for that (`emberkv serve`); else nowhere. A line that cannot be written is
 * lost. Any thread of the process, with or without the store's lock. */
#ifndef EK_STORE_LOG_H
#define EK_STORE_LOG_H

#include "store/store.h"

typedef enum ek_log_level { /* in the order of loglevel's words */
    EK_LOG_DEBUG,
    EK_LOG_VERBOSE,
    EK_LOG_NOTICE,
    EK_LOG_WARNING,
} ek_log_level;

void ek_log_to_stdout(ek_store *s);
/* Is it worth to make the text? */
bool ek_logs(const ek_store *s, ek_log_level level);
EK_PRINTF(3, 4) void ek_log(const ek_store *s, ek_log_level level, const char *format, ...);

#endif
