/* A connection to another server, for commands that ask it something and wait for the answer. */
#ifndef EK_BASE_DIAL_H
#define EK_BASE_DIAL_H

#include "base/base.h"

typedef struct ek_dial {
    int fd; /* -1: none */
    int timeout_ms; /* of each step */
    size_t at, len; /* what was read and not yet taken */
    char in[4096];
} ek_dial;

typedef enum ek_dialled { EK_DIALLED, EK_DIAL_NO_SUCH_HOST, EK_DIAL_REFUSED } ek_dialled;

/* Connect by TCP. The name's look-up may take longer than the time-out. */
ek_dialled ek_dial_open(ek_dial *d, const char *host, const char *port, int timeout_ms);
bool ek_dial_send(ek_dial *d, const void *p, size_t n);
/* The next line without its end, cut to what `line` holds, ended by a zero. */
bool ek_dial_read_line(ek_dial *d, char *line, size_t size);
void ek_dial_close(ek_dial *d);

#endif
