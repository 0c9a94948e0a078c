#include "store/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_BYTES 2048 /* what is longer is cut */

void ek_log_to_stdout(ek_store *s) { s->settings->logs_to_stdout = true; }

bool ek_logs(const ek_store *s, ek_log_level level) {
    const ek_settings *o = s->settings;
    return (int64_t)level >= o->loglevel && (o->logs_to_stdout || o->logfile);
}

static size_t begin_line(char *out, size_t cap, ek_log_level level) {
    int64_t now_ms = ek_clock_ms();
    time_t now_s = (time_t)(now_ms / 1000);
    struct tm t;
    localtime_r(&now_s, &t);
    int n = snprintf(out, cap, "%d:M ", (int)getpid());
    n += (int)strftime(out + n, cap - (size_t)n, "%d %b %Y %H:%M:%S", &t);
    n += snprintf(out + n, cap - (size_t)n, ".%03d %c ", (int)(now_ms % 1000), ".-*#"[level]);
    return (size_t)n;
}

static void write_all(int fd, const char *p, size_t n) {
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return;
        p += done;
        n -= (size_t)done;
    }
}

void ek_log(const ek_store *s, ek_log_level level, const char *format, ...) {
    if (!ek_logs(s, level)) return;
    char line[LINE_BYTES];
    int error = errno; /* who reports an error still has it afterwards */
    size_t n = begin_line(line, sizeof line, level), room = sizeof line - n - 1;
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(line + n, room, format, args);
    va_end(args);
    n += wanted < 0 ? 0 : ek_min((size_t)wanted, room - 1);
    line[n++] = '\n';
    const char *file = s->settings->logfile;
    int fd = file ? open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : STDOUT_FILENO;
    if (fd >= 0) write_all(fd, line, n);
    if (file && fd >= 0) close(fd);
    errno = error;
}
