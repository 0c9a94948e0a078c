/* Writing files so that they are on the disk, or not there at all.
 *
 * All return 0 or an errno, finish what was begun in spite of signals, and in the check build fail or
 * die where a test wants it (ek_disk_fault): every call here is one step that can be made to fail,
 * to be done by half, or to be the process's last. */
#ifndef EK_BASE_DISK_H
#define EK_BASE_DISK_H

#include <sys/uio.h>

#include "base/base.h"

/* Directories that names are relative to are descriptors; fd -1 in *out when it failed. */
int ek_disk_make_dir(int dir, const char *name);               /* it may be there */
int ek_disk_open(int dir, const char *name, int flags, int *out); /* mode 0600, close-on-exec */
int ek_disk_write(int fd, const struct iovec *parts, int n, uint64_t at); /* all of it, at a place */
int ek_disk_sync(int fd);    /* a file's bytes and its length */
int ek_disk_cut(int fd, uint64_t length);
int ek_disk_rename(int dir, const char *from, const char *to);
int ek_disk_link(int from_dir, const char *from, int to_dir, const char *to);
int ek_disk_unlink(int dir, const char *name);                 /* it may be gone already */
int ek_disk_sync_dir(int dir);

/* The errno with which a step is to fail that is taken elsewhere (base/file.h), or 0. */
int ek_disk_step(void);

/* A small file that is there whole or as it was: temp-<name>, synced, renamed, the directory synced. */
int ek_disk_replace(int dir, const char *name, const void *bytes, size_t n);

typedef enum ek_disk_fault_kind {
    EK_DISK_FAILS,  /* with `error`, nothing having been done */
    EK_DISK_TORN,   /* a write is done by half, and fails */
    EK_DISK_KILLED, /* the process is killed, a write having been done by half */
} ek_disk_fault_kind;

/* The n-th step from now, and with `on` all that follow, goes wrong; 0 calls it off. Of the whole
 * process. False: only the check build can. */
bool ek_disk_fault(uint64_t n, ek_disk_fault_kind kind, int error, bool on);
uint64_t ek_disk_steps(void); /* taken so far; 0 where they are not counted */

#endif
