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

/* One column a sample, four rows. */
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
    char text[LINE_BYTES + (GRAPH_HEIGHT + 1) * (GRAPH_WIDTH + 2)];
    size_t n = (size_t)snprintf(text, LINE_BYTES,
                                "%s - high %lld ms, low %lld ms (all time high %lld ms)\n",
                                ek_latency_name(event), (long long)high, (long long)low,
                                (long long)l->max_ms);
    memset(text + n, '-', GRAPH_WIDTH);
    n += GRAPH_WIDTH;
    text[n++] = '\n';
    for (int row = GRAPH_HEIGHT; row > 0; row--) {
        for (uint32_t i = first; i < l->n; i++) {
            int64_t height = 1 + (high > low ? (sample(l, i)->ms - low) * (GRAPH_HEIGHT - 1) /
                                                   (high - low)
                                             : 0);
            text[n++] = height >= row ? (height == row ? '_' : '|') : ' ';
        }
        text[n++] = '\n';
    }
    ek_reply_verbatim(c->reply, "txt", text, n);
}

void ek_cmd_latency_doctor(ek_ctx *c) {
    ek_stats *stats = ek_stats_of(c->s);
    char text[LINE_BYTES * (EK_LATENCY_EVENTS + 1)];
    size_t n = 0;
    if (!c->s->root->config.latency_monitor_threshold) {
        n = (size_t)snprintf(text, sizeof text,
                             "Spikes are not watched for. CONFIG SET latency-monitor-threshold to "
                             "a number of milliseconds to have those above it noted.\n");
    } else {
        for (unsigned i = 0; stats && i < EK_LATENCY_EVENTS; i++) {
            const ek_latency *l = &stats->latency[i];
            if (l->n)
                n += (size_t)snprintf(text + n, sizeof text - n,
                                      "%s: %u spikes, the worst of %lld ms; see SLOWLOG GET.\n",
                                      ek_latency_name((ek_latency_event)i), l->n,
                                      (long long)l->max_ms);
        }
        if (!n) n = (size_t)snprintf(text, sizeof text, "No spikes so far.\n");
    }
    ek_reply_verbatim(c->reply, "txt", text, n);
}

static bool has_times(const ek_stats *stats, unsigned id) {
    return stats->histograms[id] != NULL;
}

static void reply_histogram(ek_ctx *c, const ek_stats *stats, unsigned id) {
    const uint32_t *histogram = stats->histograms[id];
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
    const ek_stats *stats = ek_stats_of(c->s);
    size_t at = ek_reply_open(c->reply, '%'), n = 0;
    for (unsigned i = 0; stats && i < stats->ncommands; i++) {
        if (!has_times(stats, i) || !asked(c, ek_command_at(i))) continue;
        reply_histogram(c, stats, i);
        n++;
    }
    ek_reply_close(c->reply, at, n);
}
