/* LATENCY: spikes of this process's commands, and how their times are spread (engine/stats.h). */
#include "commands/tables.h"
#include "engine/context.h"
#include "engine/renames.h"
#include "engine/stats.h"

#include <stdio.h>

enum { GRAPH_WIDTH = 80, GRAPH_HEIGHT = 4, LINE_BYTES = 256 };

static ek_latency *find(ek_ctx *c, ek_str name, ek_latency_event *event) {
    ek_stats *stats = ek_stats_of(c->s);
    for (unsigned i = 0; stats && i < EK_LATENCY_EVENTS; i++) {
        const char *known = ek_latency_name((ek_latency_event)i);
        if (!stats->latency[i].n || !ek_str_is(name, known)) continue;
        *event = (ek_latency_event)i;
        return &stats->latency[i];
    }
    return NULL;
}

/* The i-th sample, the oldest first. */
static const ek_latency_sample *sample(const ek_latency *l, uint32_t i) {
    return &l->samples[(l->next + EK_LATENCY_SAMPLES - l->n + i) % EK_LATENCY_SAMPLES];
}

void ek_cmd_latency_latest(ek_ctx *c) {
    ek_stats *stats = ek_stats_of(c->s);
    size_t at = ek_reply_open(c->reply, '*'), n = 0;
    for (unsigned i = 0; stats && i < EK_LATENCY_EVENTS; i++) {
        const ek_latency *l = &stats->latency[i];
        if (!l->n) continue;
        ek_reply_array(c->reply, 4);
        ek_reply_cstr(c->reply, ek_latency_name((ek_latency_event)i));
        ek_reply_int(c->reply, sample(l, l->n - 1)->unix_s);
        ek_reply_int(c->reply, sample(l, l->n - 1)->ms);
        ek_reply_int(c->reply, l->max_ms);
        n++;
    }
    ek_reply_close(c->reply, at, n);
}

void ek_cmd_latency_history(ek_ctx *c) {
    ek_latency_event event;
    const ek_latency *l = find(c, c->argv[2], &event);
    ek_reply_array(c->reply, l ? l->n : 0);
    for (uint32_t i = 0; l && i < l->n; i++) {
        ek_reply_array(c->reply, 2);
        ek_reply_int(c->reply, sample(l, i)->unix_s);
        ek_reply_int(c->reply, sample(l, i)->ms);
    }
}

void ek_cmd_latency_reset(ek_ctx *c) {
    ek_stats *stats = ek_stats_of(c->s);
    int64_t n = 0;
    for (unsigned i = 0; stats && i < EK_LATENCY_EVENTS; i++) {
        bool named = c->argc == 2;
        for (size_t k = 2; k < c->argc; k++)
            named |= ek_str_is(c->argv[k], ek_latency_name((ek_latency_event)i));
        if (!named || !stats->latency[i].n) continue;
        stats->latency[i] = (ek_latency){0};
        n++;
    }
    ek_reply_int(c->reply, n);
}

/* --- the graph --- */

/* How long ago, with the largest unit of which there is one: "7s", "3m". */
static size_t age_text(int64_t seconds, char out[24]) {
    static const struct {
        int64_t seconds;
        char name;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    unsigned i = 0;
    while (i < EK_COUNTOF(units) - 1 && seconds < units[i].seconds) i++;
    return (size_t)snprintf(out, 24, "%lld%c", (long long)(seconds / units[i].seconds),
                            units[i].name);
}

/* One column a sample: a bar of four rows, whose top has three heights, and below it from above how long
 * ago that was. */
static size_t draw(const ek_latency *l, uint32_t first, int64_t low, int64_t high, int64_t now_s,
                   char *out) {
    static const char tops[] = "_o#";
    size_t n = 0, deepest = 0;
    char ages[GRAPH_WIDTH][24];
    for (uint32_t i = first; i < l->n; i++)
        deepest = ek_max(deepest, age_text(now_s - sample(l, i)->unix_s, ages[i - first]));
    for (int row = GRAPH_HEIGHT - 1; row >= 0; row--) {
        for (uint32_t i = first; i < l->n; i++) {
            int steps = GRAPH_HEIGHT * 3;
            int64_t step = high > low ? (sample(l, i)->ms - low) * steps / (high - low) : 0;
            if (step >= steps) step = steps - 1;
            out[n++] = step / 3 == row ? tops[step % 3] : step / 3 > row ? '|' : ' ';
        }
        out[n++] = '\n';
    }
    for (size_t row = 0; row <= deepest; row++) {
        for (uint32_t i = first; i < l->n; i++) {
            const char *age = ages[i - first];
            out[n++] = row && row <= strlen(age) ? age[row - 1] : ' ';
        }
        out[n++] = '\n';
    }
    return n;
}

void ek_cmd_latency_graph(ek_ctx *c) {
    ek_latency_event event;
    const ek_latency *l = find(c, c->argv[2], &event);
    if (!l) {
        ek_reply_error(c->reply, "ERR No samples available for event '%.*s'",
                       (int)ek_min(c->argv[2].n, 128), (const char *)c->argv[2].p);
        return;
    }
    uint32_t columns = (uint32_t)ek_min(l->n, GRAPH_WIDTH), first = l->n - columns;
    int64_t high = sample(l, first)->ms, low = high;
    for (uint32_t i = first; i < l->n; i++) {
        int64_t ms = sample(l, i)->ms;
        if (ms > high) high = ms;
        if (ms < low) low = ms;
    }
    char text[LINE_BYTES + (GRAPH_HEIGHT + 26) * (GRAPH_WIDTH + 2)];
    size_t n = (size_t)snprintf(text, LINE_BYTES,
                                "%s - high %lld ms, low %lld ms (all time high %lld ms)\n",
                                ek_latency_name(event), (long long)high, (long long)low,
                                (long long)l->max_ms);
    memset(text + n, '-', GRAPH_WIDTH);
    n += GRAPH_WIDTH;
    text[n++] = '\n';
    n += draw(l, first, low, high, ek_store_now_us(c->s) / 1000000, text + n);
    ek_reply_verbatim(c->reply, "txt", text, n);
}

/* --- the doctor --- */

static const char *const ADVICE[EK_LATENCY_EVENTS] = {
    [EK_LATENCY_COMMAND] = "SLOWLOG GET tells which commands are slow; one that looks at many members at "
                           "once is better asked for parts (SCAN, ranges).",
    [EK_LATENCY_FAST] = "Fast commands are slow when the machine is: look at its load, at swapping and "
                        "at what else runs.",
    [EK_LATENCY_EVICTION] = "Evicting takes long when a write brings much at once: smaller values, a larger "
                            "maxmemory, or a lower maxmemory-eviction-tenacity spread it.",
    [EK_LATENCY_EXPIRY] = "Many keys expire at the same moment: spread their times to live, or lower "
                          "active-expire-effort.",
};

/* "command: 3 spikes (average 12 ms, mean deviation 3 ms, one in 20.00 s). The worst ever: 31 ms." */
static size_t describe(const ek_latency *l, const char *name, char *out, size_t cap) {
    int64_t sum = 0, apart = 0, n = l->n;
    for (uint32_t i = 0; i < l->n; i++) sum += sample(l, i)->ms;
    int64_t mean = sum / n;
    for (uint32_t i = 0; i < l->n; i++) {
        int64_t by = sample(l, i)->ms - mean;
        apart += by < 0 ? -by : by;
    }
    double seconds = (double)(sample(l, l->n - 1)->unix_s - sample(l, 0)->unix_s) / (double)n;
    return (size_t)snprintf(out, cap, "%s: %lld spikes (average %lld ms, mean deviation %lld ms, one in "
                                      "%.2f s). The worst ever: %lld ms.\n",
                            name, (long long)n, (long long)mean, (long long)(apart / n), seconds,
                            (long long)l->max_ms);
}

void ek_cmd_latency_doctor(ek_ctx *c) {
    ek_stats *stats = ek_stats_of(c->s);
    int64_t threshold_ms = c->s->root->config.latency_monitor_threshold;
    int64_t slow_us = c->s->root->config.slowlog_log_slower_than;
    char text[2 * LINE_BYTES * (EK_LATENCY_EVENTS + 2)];
    size_t n = 0;
    if (!threshold_ms)
        n = (size_t)snprintf(text, sizeof text,
                             "Spikes are not watched for. CONFIG SET latency-monitor-threshold to "
                             "a number of milliseconds to have those above it noted.\n");
    for (unsigned i = 0; stats && i < EK_LATENCY_EVENTS; i++)
        if (stats->latency[i].n)
            n += describe(&stats->latency[i], ek_latency_name((ek_latency_event)i), text + n,
                          sizeof text - n);
    bool any = n && threshold_ms;
    if (!n) n = (size_t)snprintf(text, sizeof text, "No spikes so far.\n");
    for (unsigned i = 0; any && i < EK_LATENCY_EVENTS; i++)
        if (stats->latency[i].n)
            n += (size_t)snprintf(text + n, sizeof text - n, "- %s\n", ADVICE[i]);
    if (any && (slow_us < 0 || slow_us > threshold_ms * 1000))
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "- The slow log leaves out what is noted here. CONFIG SET "
                              "slowlog-log-slower-than %lld has it there, too.\n",
                              (long long)threshold_ms * 1000);
    ek_reply_verbatim(c->reply, "txt", text, n);
}

/* --- the histogram --- */

static void reply_histogram(ek_ctx *c, unsigned id, const uint64_t *histogram) {
    uint64_t calls = 0;
    for (unsigned i = 0; i < EK_HISTOGRAM_STEPS; i++) calls += histogram[i];
    ek_reply_cstr(c->reply, ek_command_at(id)->name);
    ek_reply_map(c->reply, 2);
    ek_reply_cstr(c->reply, "calls");
    ek_reply_int(c->reply, (int64_t)calls);
    ek_reply_cstr(c->reply, "histogram_usec");
    size_t at = ek_reply_open(c->reply, '%'), n = 0;
    uint64_t sum = 0;
    for (unsigned i = 0; i < EK_HISTOGRAM_STEPS; i++) {
        if (!histogram[i]) continue;
        sum += histogram[i];
        ek_reply_int(c->reply, (int64_t)1 << i);
        ek_reply_int(c->reply, (int64_t)sum);
        n++;
    }
    ek_reply_close(c->reply, at, n);
}

/* Is the command asked for, by its name or its container's? */
static bool asked(ek_ctx *c, const ek_command *cmd) {
    for (size_t i = 2; i < c->argc; i++) {
        const ek_command *named = ek_renamed_find_full(c->session, c->argv[i]);
        if (named && (named == cmd || named == cmd->parent)) return true;
    }
    return c->argc == 2;
}

void ek_cmd_latency_histogram(ek_ctx *c) {
    size_t at = ek_reply_open(c->reply, '%'), n = 0;
    for (unsigned i = 0; i < ek_command_count(); i++) {
        uint64_t histogram[EK_HISTOGRAM_STEPS];
        if (!asked(c, ek_command_at(i)) || !ek_figures_histogram(c->s, i, histogram)) continue;
        reply_histogram(c, i, histogram);
        n++;
    }
    ek_reply_close(c->reply, at, n);
}
