#include "store/config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/number.h"
#include "base/word.h"
#include "store/access.h"
#include "store/notify.h"
#include "store/saving.h"
#include "store/store.h"

static const char *const CLIENT_CLASSES[] = {"normal", "slave", "pubsub"};

/* --- the places --- */

static unsigned number_of(const ek_setting *setting) {
    return (unsigned)(setting - ek_setting_at(0));
}

static bool is_text(const ek_setting *setting) {
    return setting->kind == EK_SETTING_TEXT || setting->kind == EK_SETTING_SAVE ||
           setting->kind == EK_SETTING_PERCENTILES || setting->kind == EK_SETTING_SCORES ||
           setting->kind == EK_SETTING_HOSTNAME;
}

static void *field_of(const ek_store *s, const ek_setting *setting) {
    if (setting->home == EK_IN_STORE) return (char *)&s->root->config + setting->offset;
    if (setting->home == EK_IN_PROCESS) return (char *)s->settings + setting->offset;
    return &s->settings->kept[number_of(setting)];
}

ek_str ek_config_text(const ek_arena *a, ek_ref text) {
    if (!text) return (ek_str){(const uint8_t *)"", 0};
    const uint8_t *p = ek_ptr(a, text);
    return (ek_str){p + 4, ek_load32(p)};
}

static ek_str text_of(const ek_store *s, const ek_setting *setting) {
    const void *field = field_of(s, setting);
    if (setting->home == EK_IN_STORE) return ek_config_text(s->a, *(const ek_ref *)field);
    const char *text = *(char *const *)field;
    return (ek_str){(const uint8_t *)(text ? text : ""), text ? strlen(text) : 0};
}

/* --- words --- */

/* The next of the words that single spaces separate; false at the end. An empty one between two
 * spaces is a word. */
static bool next_word(ek_str *rest, ek_str *word) {
    if (!rest->p) return false;
    const uint8_t *space = rest->n ? memchr(rest->p, ' ', rest->n) : NULL;
    *word = (ek_str){rest->p, space ? (size_t)(space - rest->p) : rest->n};
    *rest = space ? (ek_str){space + 1, rest->n - word->n - 1} : (ek_str){0};
    return true;
}

/* --- printing --- */

static size_t print_words(const ek_setting *setting, int64_t v, char *out, size_t cap) {
    size_t n = 0;
    if (!v) return (size_t)snprintf(out, cap, "%s", setting->words[0]);
    for (unsigned i = 1; setting->words[i]; i++)
        if (v >> i & 1)
            n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? " " : "", setting->words[i]);
    return n;
}

static size_t print_limits(const ek_output_limit *limits, char *out, size_t cap) {
    size_t n = 0;
    for (unsigned i = 0; i < EK_CLIENT_CLASSES; i++)
        n += (size_t)snprintf(out + n, cap - n, "%s%s %lld %lld %lld", i ? " " : "",
                              CLIENT_CLASSES[i], (long long)limits[i].hard,
                              (long long)limits[i].soft, (long long)limits[i].soft_seconds);
    return n;
}

static size_t print_text(const ek_store *s, const ek_setting *setting, char *out, size_t cap) {
    ek_str text = text_of(s, setting);
    if (strcmp(setting->name, "dir") == 0 && (s->a->dir_path || !text.n)) {
        if (s->a->dir_path) return (size_t)snprintf(out, cap, "%s", s->a->dir_path);
        if (getcwd(out, cap)) return strlen(out);
    }
    size_t n = ek_min(text.n, cap - 1);
    memcpy(out, text.p, n);
    out[n] = 0;
    return text.n;
}

static size_t print_percentiles(ek_str text, char *out, size_t cap) {
    size_t n = 0;
    ek_str word;
    double v;
    out[0] = 0;
    while (text.n && next_word(&text, &word)) {
        char digits[48];
        if (!ek_parse_double(word.p, word.n, &v)) continue;
        long long millionths = (long long)(v * 1e6 + 0.5);
        int k = snprintf(digits, sizeof digits, "%lld.%06lld", millionths / 1000000,
                         millionths % 1000000);
        while (digits[k - 1] == '0') k--;
        if (digits[k - 1] == '.') k--;
        n += (size_t)snprintf(out + ek_min(n, cap), cap - ek_min(n, cap), "%s%.*s", n ? " " : "",
                              k, digits);
    }
    return n;
}

size_t ek_setting_print(const ek_store *s, const ek_setting *setting, char *out, size_t cap) {
    if (setting->kind == EK_SETTING_PERCENTILES)
        return print_percentiles(text_of(s, setting), out, cap);
    if (is_text(setting)) return print_text(s, setting, out, cap);
    if (setting->kind == EK_SETTING_DATABASES)
        return (size_t)snprintf(out, cap, "%u", s->root->ndbs);
    const int64_t *field = field_of(s, setting);
    int64_t v = *field;
    switch (setting->kind) {
    case EK_SETTING_LIMITS: return print_limits((const ek_output_limit *)field, out, cap);
    case EK_SETTING_EVENTS: return ek_notify_format(v, out);
    case EK_SETTING_BOOL: return (size_t)snprintf(out, cap, "%s", v ? "yes" : "no");
    case EK_SETTING_ENUM: return (size_t)snprintf(out, cap, "%s", setting->words[v]);
    case EK_SETTING_ENUMS: return print_words(setting, v, out, cap);
    case EK_SETTING_OCTAL: return (size_t)snprintf(out, cap, "%llo", (unsigned long long)v);
    case EK_SETTING_UNSIGNED: return (size_t)snprintf(out, cap, "%llu", (unsigned long long)v);
    case EK_SETTING_PERCENT:
        return (size_t)snprintf(out, cap, "%lld%s", (long long)(v < 0 ? -v : v), v < 0 ? "%" : "");
    default: return (size_t)snprintf(out, cap, "%lld", (long long)v);
    }
}

/* --- parsing --- */

/* Digits and a unit: b, k, kb, m, mb, g, gb; without the b they are powers of 1,000. What is too
 * large for 64 bits is the largest number. */
static bool parse_memory(ek_str s, uint64_t *out) {
    static const struct {
        const char *name;
        uint64_t factor;
    } units[] = {{"", 1},         {"b", 1},           {"k", 1000},       {"kb", 1 << 10},
                 {"m", 1000000},  {"mb", 1 << 20},    {"g", 1000000000}, {"gb", 1 << 30}};
    uint64_t v = 0;
    size_t i = 0;
    bool huge = false;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        huge |= __builtin_mul_overflow(v, (uint64_t)10, &v) ||
                __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v);
    for (size_t k = 0; k < EK_COUNTOF(units); k++) {
        if (!ek_str_is((ek_str){s.p + i, s.n - i}, units[k].name)) continue;
        huge |= __builtin_mul_overflow(v, units[k].factor, &v);
        *out = huge ? UINT64_MAX : v;
        return true;
    }
    return false;
}

static size_t count_words(ek_str text) {
    size_t n = 0;
    ek_str word;
    if (!text.n) return 0;
    while (next_word(&text, &word)) n++;
    return n;
}

static bool because(char *err, size_t errlen, const char *why) {
    snprintf(err, errlen, "%s", why);
    return false;
}

static bool in_bounds(const ek_setting *setting, int64_t v, char *err, size_t errlen) {
    if (v >= setting->min && v <= setting->max) return true;
    snprintf(err, errlen, "argument must be between %lld and %lld inclusive",
             (long long)setting->min, (long long)setting->max);
    return false;
}

static bool not_a_word(const ek_setting *setting, char *err, size_t errlen) {
    size_t n = (size_t)snprintf(err, errlen, "argument(s) must be one of the following: ");
    for (unsigned i = 0; setting->words[i] && n < errlen; i++)
        n += (size_t)snprintf(err + n, errlen - n, "%s%s", i ? ", " : "", setting->words[i]);
    return false;
}

static int word_number(const ek_setting *setting, ek_str word) {
    for (int i = 0; setting->words[i]; i++)
        if (ek_str_is(word, setting->words[i])) return i;
    return -1;
}

static bool parse_words(const ek_setting *setting, ek_str text, int64_t *out, char *err,
                        size_t errlen) {
    ek_str word;
    *out = 0;
    while (next_word(&text, &word)) {
        int i = word_number(setting, word);
        if (i < 0) return not_a_word(setting, err, errlen);
        if (i) *out |= (int64_t)1 << i;
    }
    /* shutdown-on-sigint and -sigterm are the only ones: their second and third contradict. */
    if ((*out & 6) == 6)
        return because(err, errlen, "shutdown options SAVE and NOSAVE can't be used simultaneously");
    return true;
}

static bool parse_number(const ek_setting *setting, ek_str text, int64_t *out, char *err,
                         size_t errlen) {
    uint64_t bytes;
    switch (setting->kind) {
    case EK_SETTING_BOOL:
        *out = ek_str_is(text, "yes");
        if (!*out && !ek_str_is(text, "no"))
            return because(err, errlen, "argument must be 'yes' or 'no'");
        return true;
    case EK_SETTING_ENUM:
        *out = word_number(setting, text);
        return *out >= 0 || not_a_word(setting, err, errlen);
    case EK_SETTING_ENUMS: return parse_words(setting, text, out, err, errlen);
    case EK_SETTING_EVENTS:
        if (ek_notify_parse(text, out)) return true;
        return because(err, errlen,
                       "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    case EK_SETTING_OCTAL:
        *out = 0;
        for (size_t i = 0; i < text.n; i++) {
            if (text.p[i] < '0' || text.p[i] > '7' || i > 9)
                return because(err, errlen, "argument couldn't be parsed as an octal number");
            *out = *out * 8 + (text.p[i] - '0');
        }
        return in_bounds(setting, *out, err, errlen);
    case EK_SETTING_UNSIGNED:
    case EK_SETTING_MEMORY:
        if (!parse_memory(text, &bytes))
            return because(err, errlen, "argument must be a memory value");
        *out = (int64_t)bytes;
        return setting->kind == EK_SETTING_UNSIGNED || in_bounds(setting, *out, err, errlen);
    case EK_SETTING_PERCENT:
        if (text.n && text.p[text.n - 1] == '%') {
            if (!ek_parse_i64(text.p, text.n - 1, out) || *out < 0)
                return because(err, errlen, "argument must be a memory or percent value");
            *out = -*out;
        } else if (!parse_memory(text, &bytes)) {
            return because(err, errlen, "argument must be a memory or percent value");
        } else {
            *out = (int64_t)bytes;
        }
        if (*out < -100)
            return because(err, errlen, "percentage argument must be less or equal to 100");
        return true;
    default:
        if (!ek_parse_i64(text.p, text.n, out))
            return because(err, errlen, "argument couldn't be parsed into an integer");
        return in_bounds(setting, *out, err, errlen);
    }
}

static bool parse_text(const ek_setting *setting, ek_str text, char *err, size_t errlen) {
    if (text.n && memchr(text.p, 0, text.n))
        return because(err, errlen, "the value holds a zero byte");
    if (!text.n && setting->flags & EK_SETTING_NEEDED) {
        snprintf(err, errlen, "%s can't be empty", setting->name);
        return false;
    }
    if (text.n && setting->flags & EK_SETTING_FILENAME && memchr(text.p, '/', text.n)) {
        const char *kind = strstr(setting->name, "dirname") ? "dirname" : "filename";
        snprintf(err, errlen, "%s can't be a path, just a %s", setting->name, kind);
        return false;
    }
    return true;
}

static bool parse_save(ek_str text, char *err, size_t errlen) {
    ek_str word;
    int64_t v;
    if (count_words(text) % 2) return because(err, errlen, "Invalid save parameters");
    if (!text.n) return true;
    for (bool seconds = true; next_word(&text, &word); seconds = !seconds)
        if (!ek_parse_i64(word.p, word.n, &v) || v < seconds || v > INT_MAX)
            return because(err, errlen, "Invalid save parameters");
    return true;
}

bool ek_config_next_rule(ek_str *rules, int64_t *seconds, int64_t *changes) {
    ek_str first, second;
    return rules->n && next_word(rules, &first) && next_word(rules, &second) &&
           ek_parse_i64(first.p, first.n, seconds) && ek_parse_i64(second.p, second.n, changes);
}

static bool parse_percentiles(ek_str text, char *err, size_t errlen) {
    ek_str word;
    double v;
    if (!text.n) return true;
    while (next_word(&text, &word)) {
        if (!ek_parse_double(word.p, word.n, &v))
            return because(err, errlen, "Invalid latency-tracking-info-percentiles parameters");
        if (v < 0 || v > 100)
            return because(err, errlen, "latency-tracking-info-percentiles parameters should sit "
                                        "between [0.0,100.0]");
    }
    return true;
}

static bool parse_scores(ek_str text, char *err, size_t errlen) {
    ek_str word;
    int64_t v;
    if (count_words(text) != 3) return because(err, errlen, "wrong number of arguments");
    while (next_word(&text, &word))
        if (!ek_parse_i64(word.p, word.n, &v) || v < -2000 || v > 2000)
            return because(err, errlen, "Invalid oom-score-adj-values, elements must be between "
                                        "-2000 and 2000.");
    return true;
}

static bool parse_hostname(ek_str text, char *err, size_t errlen) {
    if (text.n >= 256) return because(err, errlen, "Hostnames must be less than 256 characters");
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i] | 0x20;
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || text.p[i] == '-' ||
              text.p[i] == '.'))
            return because(err, errlen, "Hostnames may only contain alphanumeric characters, "
                                        "hyphens or dots");
    }
    return true;
}

static bool parse_limits(const ek_store *s, ek_str text, ek_output_limit *limits, char *err,
                         size_t errlen) {
    memcpy(limits, s->root->config.client_output_limits, EK_CLIENT_CLASSES * sizeof *limits);
    if (count_words(text) % 4)
        return because(err, errlen, "Wrong number of arguments in buffer limit configuration.");
    ek_str class, word[3];
    while (text.n && next_word(&text, &class)) {
        unsigned i = ek_str_is(class, "replica");
        if (!i)
            while (i < EK_CLIENT_CLASSES && !ek_str_is(class, CLIENT_CLASSES[i])) i++;
        if (i == EK_CLIENT_CLASSES)
            return because(err, errlen,
                           "Invalid client class specified in buffer limit configuration.");
        uint64_t hard, soft;
        int64_t seconds;
        for (unsigned k = 0; k < 3; k++) next_word(&text, &word[k]);
        if (!parse_memory(word[0], &hard) || !parse_memory(word[1], &soft) ||
            !ek_parse_i64(word[2].p, word[2].n, &seconds) || seconds < 0)
            return because(err, errlen, "Error in hard, soft or soft_seconds setting in buffer "
                                        "limit configuration.");
        limits[i] = (ek_output_limit){(int64_t)hard, (int64_t)soft, seconds};
    }
    return true;
}

bool ek_setting_parse(const ek_store *s, const ek_setting *setting, ek_str text,
                      ek_setting_parsed *out, char *err, size_t errlen) {
    out->text = text;
    out->n = 0;
    switch (setting->kind) {
    case EK_SETTING_TEXT: return parse_text(setting, text, err, errlen);
    case EK_SETTING_SAVE: return parse_save(text, err, errlen);
    case EK_SETTING_PERCENTILES: return parse_percentiles(text, err, errlen);
    case EK_SETTING_SCORES: return parse_scores(text, err, errlen);
    case EK_SETTING_HOSTNAME: return parse_hostname(text, err, errlen);
    case EK_SETTING_LIMITS: return parse_limits(s, text, out->limits, err, errlen);
    case EK_SETTING_DATABASES:
        return because(err, errlen, "a store has as many as it was made with");
    default: break;
    }
    if (!parse_number(setting, text, &out->n, err, errlen)) return false;
    bool can = setting->home == EK_IN_STORE && s->aof; /* else there is nowhere to write */
    if (out->n && setting->flags & EK_SETTING_OFF && !can)
        return because(err, errlen,
                       setting->home == EK_IN_STORE
                           ? "Unable to turn on AOF. Check server logs."
                           : "Active defragmentation cannot be enabled: nothing moves here");
    if (setting->at_most) {
        if (out->n < setting->at_least) out->n = setting->at_least;
        if (out->n > setting->at_most) out->n = setting->at_most;
    }
    return true;
}

/* --- setting --- */

static ek_ref new_text(ek_arena *a, ek_str text) {
    if (!text.n) return 0;
    if (text.n > UINT32_MAX - 4) ek_raise(a, EK_ENOMEM);
    ek_ref ref = ek_alloc(a, 4 + text.n);
    uint8_t *p = ek_ptr(a, ref);
    ek_store32(p, (uint32_t)text.n);
    memcpy(p + 4, text.p, text.n);
    return ref;
}

static bool replace_text(char **field, ek_str text) {
    char *copy = NULL;
    if (text.n) {
        copy = malloc(text.n + 1);
        if (!copy) return false;
        memcpy(copy, text.p, text.n);
        copy[text.n] = 0;
    }
    free(*field);
    *field = copy;
    return true;
}

bool ek_setting_store(ek_store *s, const ek_setting *setting, const ek_setting_parsed *v) {
    ek_arena *a = s->a;
    void *field = field_of(s, setting);
    bool stored = setting->home == EK_IN_STORE;
    if (setting->kind == EK_SETTING_DATABASES) return true;
    if (setting->kind == EK_SETTING_LIMITS) {
        ek_touch(a, field, sizeof v->limits);
        memcpy(field, v->limits, sizeof v->limits);
    } else if (is_text(setting) && stored) {
        ek_ref was = *(ek_ref *)field, now = new_text(a, v->text);
        EK_SET(a, *(ek_ref *)field, now);
        ek_free(a, was);
    } else if (is_text(setting)) {
        return replace_text(field, v->text);
    } else if (stored) {
        EK_SET(a, *(int64_t *)field, v->n);
        ek_access_follow_settings(s);
    } else {
        *(int64_t *)field = v->n;
    }
    if (stored) ek_saving_follow_settings(s);
    return true;
}

/* --- what it begins as --- */

static const ek_output_limit LIMITS[EK_CLIENT_CLASSES] = {
    {0, 0, 0}, {256 << 20, 64 << 20, 60}, {32 << 20, 8 << 20, 60},
};

bool ek_setting_is_begin(const ek_store *s, const ek_setting *setting) {
    const void *field = field_of(s, setting);
    const char *begins = setting->begins_text ? setting->begins_text : "";
    if (setting->kind == EK_SETTING_DATABASES) return s->root->ndbs == 16;
    if (setting->kind == EK_SETTING_LIMITS) return memcmp(field, LIMITS, sizeof LIMITS) == 0;
    if (!is_text(setting)) return *(const int64_t *)field == setting->begins;
    return ek_str_eq(text_of(s, setting), (ek_str){(const uint8_t *)begins, strlen(begins)});
}

void ek_config_begin(ek_config *config) {
    *config = (ek_config){0};
    memcpy(config->client_output_limits, LIMITS, sizeof LIMITS);
    for (unsigned i = 0; i < ek_setting_count(); i++) {
        const ek_setting *setting = ek_setting_at(i);
        if (setting->home != EK_IN_STORE || is_text(setting) || setting->kind == EK_SETTING_LIMITS)
            continue;
        *(int64_t *)((char *)config + setting->offset) = setting->begins;
    }
}

static char *copy_of(const char *text) { return text && *text ? strdup(text) : NULL; }

static void *place_in(const ek_settings *settings, const ek_setting *setting) {
    if (setting->home == EK_IN_PROCESS) return (char *)settings + setting->offset;
    return &settings->kept[number_of(setting)];
}

/* Fill the fields that the process has, from the rows or from another's. */
static ek_settings *make(const ek_settings *from) {
    ek_settings *settings = calloc(1, sizeof *settings);
    if (!settings) return NULL;
    settings->kept = calloc(ek_setting_count(), sizeof *settings->kept);
    bool ok = settings->kept;
    for (unsigned i = 0; ok && i < ek_setting_count(); i++) {
        const ek_setting *setting = ek_setting_at(i);
        if (setting->home == EK_IN_STORE) continue;
        void *place = place_in(settings, setting);
        if (is_text(setting)) {
            const char *text = from ? *(char **)place_in(from, setting) : setting->begins_text;
            *(char **)place = copy_of(text);
            ok = !text || !*text || *(char **)place;
        } else {
            *(int64_t *)place = from ? *(int64_t *)place_in(from, setting) : setting->begins;
        }
    }
    if (ok && from && from->config_file) ok = (settings->config_file = strdup(from->config_file));
    for (size_t i = 0; ok && from && i < from->nrenames; i++) {
        const char *now = from->renames[i].now;
        ok = ek_settings_rename(settings, from->renames[i].own,
                                (ek_str){(const uint8_t *)now, strlen(now)});
    }
    if (ok) return settings;
    ek_settings_free(settings);
    return NULL;
}

bool ek_settings_rename(ek_settings *settings, const char *own, ek_str now) {
    char *copy = malloc(now.n + 1);
    ek_rename *more = realloc(settings->renames, (settings->nrenames + 1) * sizeof *more);
    if (more) settings->renames = more;
    if (!copy || !more) {
        free(copy);
        return false;
    }
    memcpy(copy, now.p, now.n);
    copy[now.n] = 0;
    for (size_t i = 0; i < settings->nrenames; i++) {
        if (strcmp(more[i].own, own) != 0) continue;
        free(more[i].now);
        more[i].now = copy;
        return true;
    }
    more[settings->nrenames++] = (ek_rename){.own = own, .now = copy};
    return true;
}

ek_settings *ek_settings_new(void) { return make(NULL); }
ek_settings *ek_settings_copy(const ek_settings *from) { return make(from); }

void ek_settings_free(ek_settings *settings) {
    if (!settings) return;
    for (unsigned i = 0; settings->kept && i < ek_setting_count(); i++) {
        const ek_setting *setting = ek_setting_at(i);
        if (setting->home != EK_IN_STORE && is_text(setting))
            free(*(char **)place_in(settings, setting));
    }
    for (size_t i = 0; i < settings->nrenames; i++) free(settings->renames[i].now);
    free(settings->renames);
    free(settings->config_file);
    free(settings->kept);
    free(settings);
}
