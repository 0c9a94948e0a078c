/* Files that must be whole: all of a read, and a file that takes another's place. */
#ifndef EK_BASE_FILE_H
#define EK_BASE_FILE_H

#include <limits.h>
#include <sys/types.h>

#include "base/base.h"

/* At most n bytes, fewer only at the end of the file; -1: errno tells. */
ssize_t ek_read_all(int fd, void *p, size_t n);

/* The directory that a path lies in. False: its name is too long. */
bool ek_file_directory(const char *path, char dir[PATH_MAX]);

/* A file to be written and then to take the place of `path`. Until then it has no name, so that
 * nothing is left of it when its process dies, or, where the file system cannot do that, a name
 * beside path's. -1: errno tells. */
typedef struct ek_new_file {
    const char *path;
    char temp[PATH_MAX];
    int fd;
    bool named;
} ek_new_file;
int ek_file_begin(ek_new_file *f, const char *path, mode_t mode); /* less what the umask takes */
/* Close it and, if `ok` and all gets to disk, put it in path's place; else it is gone. False: errno
 * tells (that of before the call, if not ok). */
bool ek_file_end(ek_new_file *f, bool ok);

#endif
