#include "persist/manifest.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"

#define LINE_MAX_BYTES 1024

void ek_manifest_free(ek_manifest *m) {
    free(m->files);
    *m = (ek_manifest){0};
}

bool ek_manifest_add(ek_manifest *m, char type, uint64_t seq, const char *name) {
    ek_aof_file *more = realloc(m->files, (m->n + 1) * sizeof *more);
    if (!more) return false;
    m->files = more;
    ek_aof_file *f = &m->files[m->n++];
    *f = (ek_aof_file){.seq = seq, .type = type};
    snprintf(f->name, sizeof f->name, "%s", name);
    return true;
}

void ek_manifest_drop(ek_manifest *m, size_t i) {
    memmove(m->files + i, m->files + i + 1, (m->n - i - 1) * sizeof *m->files);
    m->n--;
}

const ek_aof_file *ek_manifest_base(const ek_manifest *m) {
    for (size_t i = 0; i < m->n; i++)
        if (m->files[i].type == 'b') return &m->files[i];
    return NULL;
}

const ek_aof_file *ek_manifest_last_incr(const ek_manifest *m) {
    const ek_aof_file *last = NULL;
    for (size_t i = 0; i < m->n; i++)
        if (m->files[i].type == 'i') last = &m->files[i];
    return last;
}

uint64_t ek_manifest_next(const ek_manifest *m, char type) {
    uint64_t seq = 0;
    for (size_t i = 0; i < m->n; i++)
        if ((m->files[i].type == type || m->files[i].type == 'h') && m->files[i].seq > seq)
            seq = m->files[i].seq;
    return seq + 1;
}

/* --- reading --- */

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A word in quotes, from behind the first on; where it ends, or NULL. */
static const char *quoted(const char *p, const char *end, char *out, size_t *n) {
    static const char letters[] = "nrtab", meant[] = "\n\r\t\a\b";
    while (p < end && *p != '"') {
        char c = *p++;
        if (c == '\\') {
            if (p == end) return NULL;
            const char *at = memchr(letters, *p, sizeof letters - 1);
            if (*p == 'x' && end - p > 2 && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
                c = (char)(hex(p[1]) * 16 + hex(p[2]));
                p += 3;
            } else {
                c = at ? meant[at - letters] : *p;
                p++;
            }
        }
        if (*n == LINE_MAX_BYTES - 1) return NULL;
        out[(*n)++] = c;
    }
    return p < end ? p + 1 : NULL;
}

/* The next word of a line, ended by a zero. NULL: it is none. */
static const char *next_word(const char *p, const char *end, char out[LINE_MAX_BYTES]) {
    size_t n = 0;
    while (p < end && *p == ' ') p++;
    if (p == end) return NULL;
    if (*p == '"') {
        p = quoted(p + 1, end, out, &n);
    } else {
        while (p < end && *p != ' ' && n < LINE_MAX_BYTES - 1) out[n++] = *p++;
    }
    out[n] = 0;
    return p && n && !memchr(out, 0, n) ? p : NULL;
}

static const char *parse_line(ek_manifest *m, const char *p, const char *end) {
    char key[LINE_MAX_BYTES], value[LINE_MAX_BYTES];
    ek_aof_file f = {0};
    while (p < end) {
        if (!(p = next_word(p, end, key)) || !(p = next_word(p, end, value)))
            return "is no list of names and values";
        int64_t number;
        if (strcmp(key, "file") == 0) {
            if (strchr(value, '/')) return "names a file in another directory";
            if (strlen(value) >= sizeof f.name) return "has a name that is too long";
            strcpy(f.name, value);
        } else if (strcmp(key, "seq") == 0) {
            if (!ek_parse_i64((const uint8_t *)value, strlen(value), &number) || number <= 0)
                return "has a seq that is no number";
            f.seq = (uint64_t)number;
        } else if (strcmp(key, "type") == 0) {
            if (strlen(value) != 1 || !strchr("bih", value[0])) return "has a type that is unknown";
            f.type = value[0];
        } /* what else a later version writes is passed over */
    }
    if (!f.name[0] || !f.seq || !f.type) return "lacks a file, a seq or a type";
    if (f.type == 'b' && ek_manifest_base(m)) return "names a second base file";
    const ek_aof_file *last = ek_manifest_last_incr(m);
    if (f.type == 'i' && last && last->seq >= f.seq) return "is out of order";
    return ek_manifest_add(m, f.type, f.seq, f.name) ? NULL : "finds no memory";
}

bool ek_manifest_parse(ek_manifest *m, const char *text, size_t n, ek_manifest_error *error) {
    *m = (ek_manifest){0};
    *error = (ek_manifest_error){0};
    const char *end = text + n;
    for (const char *p = text; p < end;) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        error->line++;
        error->what = NULL;
        if (!line_end) error->what = "is cut short";
        else if (line_end == p) error->what = "is empty";
        else if (line_end - p >= LINE_MAX_BYTES) error->what = "is too long";
        else if (*p != '#') {
            const char *stop = line_end[-1] == '\r' ? line_end - 1 : line_end;
            error->what = parse_line(m, p, stop);
        }
        if (error->what) return false;
        p = line_end + 1;
    }
    error->line = 0;
    error->what = "is empty";
    return m->n > 0;
}

/* --- writing --- */

static bool is_plain(const char *name) {
    for (; *name; name++)
        if (*name <= ' ' || *name == '"' || *name == '\'' || *name == '\\' || *name > '~') return false;
    return true;
}

static size_t print_name(char *out, const char *name) {
    if (is_plain(name)) return (size_t)sprintf(out, "%s", name);
    char *p = out;
    *p++ = '"';
    for (; *name; name++) {
        if (*name == '"' || *name == '\\') *p++ = '\\', *p++ = *name;
        else if (*name >= ' ' && *name <= '~') *p++ = *name;
        else p += sprintf(p, "\\x%02x", (unsigned char)*name);
    }
    *p++ = '"';
    return (size_t)(p - out);
}

char *ek_manifest_print(const ek_manifest *m, size_t *n) {
    char *text = malloc(m->n * (4 * EK_AOF_NAME_BYTES + 64) + 1);
    *n = 0;
    for (size_t i = 0; text && i < m->n; i++) {
        const ek_aof_file *f = &m->files[i];
        *n += (size_t)sprintf(text + *n, "file ");
        *n += print_name(text + *n, f->name);
        *n += (size_t)sprintf(text + *n, " seq %llu type %c\n", (unsigned long long)f->seq, f->type);
    }
    return text;
}
