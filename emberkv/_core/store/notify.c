#include "store/notify.h"

#include "base/number.h"
#include "store/channels.h"

#define ALL "g$lshzxetd"

/* Publish to the channel of prefix, database and name. */
static void tell(ek_store *s, const char *prefix, uint32_t db, ek_str name, ek_str payload) {
    char small[256];
    size_t most = strlen(prefix) + EK_I64_CHARS + 3 + name.n;
    ek_ref block = most > sizeof small ? ek_alloc(s->a, most) : 0;
    char *channel = block ? ek_ptr(s->a, block) : small;
    size_t n = strlen(prefix);
    memcpy(channel, prefix, n);
    n += ek_format_i64(channel + n, db);
    memcpy(channel + n, "__:", 3);
    n += 3;
    if (name.n) memcpy(channel + n, name.p, name.n);
    ek_publish(s, EK_CHANNEL, (ek_str){(const uint8_t *)channel, n + name.n}, payload);
    ek_free(s->a, block);
}

static void tell_both(ek_store *s, uint32_t db, ek_str key, ek_str event) {
    int64_t bits = s->root->config.notify_keyspace_events;
    if (bits & ek_notify_bit('K')) tell(s, "__keyspace@", db, key, event);
    if (bits & ek_notify_bit('E')) tell(s, "__keyevent@", db, event, key);
}

/* Without memory nobody is told, and nothing else fails. */
static void try_to_tell(ek_store *s, uint32_t db, ek_str key, ek_str event) {
    ek_guard g;
    ek_savepoint sp = ek_save(s->a);
    if (EK_GUARD(s->a, &g) != EK_OK) {
        ek_undo(s->a, &sp);
        return;
    }
    tell_both(s, db, key, event);
    ek_unguard(s->a, &g);
}

void ek_notify_slow(ek_store *s, uint32_t db, ek_event class, ek_str key, const char *event) {
    int64_t bits = s->root->config.notify_keyspace_events;
    ek_str name = {(const uint8_t *)event, strlen(event)};
    if (!(bits & ek_notify_bit((char)class)) || !s->root->channels.subscriptions.count) return;
    /* What a command finds on its way, which may be one that only reads. */
    if (class == EK_EVENT_EXPIRED || class == EK_EVENT_KEY_MISS) try_to_tell(s, db, key, name);
    else tell_both(s, db, key, name);
}

/* --- fields --- */

/* "<length>:text" */
static uint8_t *put_counted(uint8_t *to, ek_str s) {
    to += ek_format_u64((char *)to, s.n);
    *to++ = ':';
    if (s.n) memcpy(to, s.p, s.n);
    return to + s.n;
}

static uint8_t *put(uint8_t *to, ek_str s, char behind) {
    if (s.n) memcpy(to, s.p, s.n);
    to[s.n] = (uint8_t)behind;
    return to + s.n + 1;
}

static void tell_each(ek_store *s, uint32_t db, ek_str key, ek_str event, const ek_str *fields,
                      size_t n, size_t stride) {
    if (key.n && memchr(key.p, '\n', key.n)) return; /* what ends the key there */
    for (size_t i = 0; i < n; i++) {
        ek_str field = fields[i * stride];
        ek_ref block = ek_alloc(s->a, key.n + 1 + field.n + 1);
        uint8_t *name = ek_ptr(s->a, block);
        put(put(name, key, '\n'), field, 0);
        tell(s, "__subkeyspaceitem@", db, (ek_str){name, key.n + 1 + field.n}, event);
        ek_free(s->a, block);
    }
}

void ek_notify_fields_slow(ek_store *s, uint32_t db, ek_str key, const char *event_name,
                           const ek_str *fields, size_t n, size_t stride) {
    int64_t bits = s->root->config.notify_keyspace_events;
    if (n == 0 || !s->root->channels.subscriptions.count) return;
    ek_str event = {(const uint8_t *)event_name, strlen(event_name)};
    size_t room = event.n + key.n + 2 * (EK_I64_CHARS + 2);
    for (size_t i = 0; i < n; i++) room += fields[i * stride].n + EK_I64_CHARS + 2;
    /* | <length>:key| or event| | <fields> |: the head is exchanged */
    ek_ref block = ek_alloc(s->a, room), head_block = ek_alloc(s->a, room);
    uint8_t *list = ek_ptr(s->a, block), *end = list, *text = ek_ptr(s->a, head_block);
    for (size_t i = 0; i < n; i++) {
        if (i) *end++ = ',';
        end = put_counted(end, fields[i * stride]);
    }
    ek_str listed = {list, (size_t)(end - list)};
    if (bits & ek_notify_bit('S')) {
        uint8_t *to = put(text, event, '|');
        memcpy(to, list, listed.n);
        tell(s, "__subkeyspace@", db, key, (ek_str){text, (size_t)(to - text) + listed.n});
    }
    if (bits & ek_notify_bit('T')) {
        uint8_t *to = put_counted(text, key);
        *to++ = '|';
        memcpy(to, list, listed.n);
        tell(s, "__subkeyevent@", db, event, (ek_str){text, (size_t)(to - text) + listed.n});
    }
    if (bits & ek_notify_bit('I')) tell_each(s, db, key, event, fields, n, stride);
    if (bits & ek_notify_bit('V')) {
        uint8_t *to = put(put(text, event, '|'), key, 0) - 1;
        tell(s, "__subkeyspaceevent@", db, (ek_str){text, (size_t)(to - text)}, listed);
    }
    ek_free(s->a, head_block);
    ek_free(s->a, block);
}

static int64_t all_bits(void) {
    int64_t bits = 0;
    for (const char *p = ALL; *p; p++) bits |= ek_notify_bit(*p);
    return bits;
}

bool ek_notify_parse(ek_str letters, int64_t *bits) {
    int64_t given = 0;
    for (size_t i = 0; i < letters.n; i++) {
        char letter = (char)letters.p[i];
        int64_t bit = letter == 'A' ? all_bits() : ek_notify_bit(letter);
        if (!bit) return false;
        given |= bit;
    }
    *bits = given;
    return true;
}

/* The servers do not name new keys and what came later beside A, though they are kept. */
size_t ek_notify_format(int64_t bits, char *out) {
    bool all = (bits & all_bits()) == all_bits();
    size_t n = 0;
    if (all) out[n++] = 'A';
    for (const char *p = all ? "KEmSTIV" : ALL "nocKEmSTIV"; *p; p++)
        if (bits & ek_notify_bit(*p)) out[n++] = *p;
    out[n] = 0;
    return n;
}
