/* Files that must be whole: all of a write, and a file that takes another's place. */
#ifndef EK_BASE_FILE_H
#define EK_BASE_FILE_H

#include <sys/types.h>

#include "base/base.h"

/* All n bytes, whatever interrupts. False: errno tells. */
bool ek_write_all(int fd, const void *p, size_t n);
/* At most n bytes, fewer only at the end of the file; -1: errno tells. */
ssize_t ek_read_all(int fd, void *p, size_t n);
/* What was renamed or made in the directory that `path` lies in is on disk. */
bool ek_sync_directory_of(const char *path);

/* A file beside `path`, to be written and then to take its place. The name is written to `temp`.
 * -1: errno tells. */
#define EK_TEMP_CHARS 64 /* more than path's own */
int ek_file_begin(const char *path, char *temp, size_t templen);
/* Close it and, if `ok` and all gets to disk, put it in path's place; else remove it. False: errno
 * tells (that of before the call, if not ok). */
bool ek_file_end(int fd, const char *temp, const char *path, bool ok);

#endif
