/* Where in a request the keys are, found from the command's key specifications.
 *
 *   ZUNIONSTORE dst 2 a b WEIGHTS 1 2      index 1, range of one        -> dst
 *                                          index 2, a number that says  -> a b
 *
 * Costs O(keys), and O(arguments) where a keyword has to be sought. Reads nothing but its
 * arguments. */
#include "engine/command.h"

#include "base/word.h"

typedef struct key_list {
    ek_key_pos *out;
    int cap, count;
} key_list;

static void put(key_list *l, uint32_t index, uint32_t flags) {
    if (l->count < l->cap)
        l->out[l->count] = (ek_key_pos){.index = index, .flags = flags};
    l->count++;
}

/* The leading digits of an argument, as the servers read a number of keys; capped, which is still
 * more than any request has arguments. */
static int64_t leading_number(ek_str s) {
    int64_t v = 0;
    for (size_t i = 0; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
        v = v * 10 + (s.p[i] - '0');
        if (v > 100000000)
            break;
    }
    return v;
}

/* The argument at which the keys of a specification begin, or 0 where the request has none. */
static int64_t find_begin(const ek_key_spec *k, int64_t argc, const ek_str *argv) {
    if (k->begin == EK_BEGIN_INDEX)
        return k->index;
    if (k->begin != EK_BEGIN_KEYWORD)
        return 0;
    int step = k->index > 0 ? 1 : -1;
    for (int64_t i = k->index > 0 ? k->index : argc + k->index; i > 0 && i < argc; i += step)
        if (ek_str_is(argv[i], k->keyword))
            return i + 1;
    return 0;
}

/* Adds the keys of one specification; false when they would lie outside the request. */
static bool add_keys(const ek_key_spec *k, int64_t argc, const ek_str *argv, int64_t first,
                     key_list *l) {
    int64_t last;
    if (k->find == EK_FIND_RANGE) {
        if (k->last >= 0)
            last = first + k->last;
        else if (k->limit > 1)
            last = first + (argc - first) / k->limit + k->last;
        else
            last = argc + k->last;
    } else {
        int64_t at = first + k->keynum;
        if (at >= argc)
            return false;
        first += k->first;
        last = first + (leading_number(argv[at]) - 1) * k->step;
    }
    if (first >= argc || last >= argc || last < first)
        return false;
    for (int64_t i = first; i <= last; i += k->step)
        put(l, (uint32_t)i, k->flags);
    return true;
}

/* By the specifications; strict: -1 if one of them finds keys where there are no arguments. */
static int by_specs(const ek_command *cmd, size_t argc, const ek_str *argv, ek_key_pos *out, int cap,
                    bool strict) {
    key_list l = {.out = out, .cap = cap};
    for (const ek_key_spec *k = cmd->decl->keys; k && k->begin; k++) {
        if (k->flags & EK_KEY_NOT_KEY || k->find == EK_FIND_UNKNOWN)
            continue;
        int64_t first = find_begin(k, (int64_t)argc, argv);
        if (first == 0)
            continue;
        if (!add_keys(k, (int64_t)argc, argv, first, &l) && strict &&
            !(cmd->flags & EK_CMD_NO_MANDATORY_KEYS))
            return -1;
    }
    return l.count;
}

int ek_command_keys(const ek_command *cmd, size_t argc, const ek_str *argv, ek_key_pos *out,
                    int cap) {
    if (cmd->decl->find_keys)
        return cmd->decl->find_keys(argc, argv, out, cap);
    return by_specs(cmd, argc, argv, out, cap, true);
}

int ek_command_keys_at_least(const ek_command *cmd, size_t argc, const ek_str *argv,
                             ek_key_pos *out, int cap) {
    int n = cmd->decl->find_keys ? cmd->decl->find_keys(argc, argv, out, cap) : -1;
    return n >= 0 ? n : by_specs(cmd, argc, argv, out, cap, false);
}

bool ek_command_has_keys(const ek_command *cmd) {
    for (const ek_key_spec *k = cmd->decl->keys; k && k->begin; k++)
        if (!(k->flags & EK_KEY_NOT_KEY))
            return true;
    return cmd->decl->find_keys != NULL;
}
