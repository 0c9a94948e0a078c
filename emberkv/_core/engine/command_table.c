/* The registry of commands: from a name to what it calls, in any case, without a lock.
 *
 *   slots[hash]  tag:16 id+1:16     open addressing, linear probing, at most a quarter full
 *      |
 *      +--> names[id]     64 bytes  the name in four overlapping words, and for each byte the bits
 *      |                            in which upper and lower case may differ (0x20 for a letter)
 *      +--> commands[id]  64 bytes  what dispatch reads
 *
 * A name is folded by setting 0x20 in each byte, hashed, and compared as four words; nothing is
 * copied and no byte is looked at alone. A subcommand is filed under its own name together with the
 * id of its container. Lookup costs one slot and one name: some 10 ns.
 *
 * Owner: the process. Filled by ek_command_register() in one initialiser, constant afterwards. */
#include "engine/command.h"

#include "store/figures.h"

enum {
    MAX_COMMANDS = EK_FIGURES_COMMANDS,
    SLOTS = 4096,
    MAX_NAME = 32,
    FULL_NAMES_BYTES = 8192,
    TOP = 0xffff, /* stands for the container of a command that has none */
};

_Static_assert((SLOTS & (SLOTS - 1)) == 0 && SLOTS >= 4 * MAX_COMMANDS, "probes stay short");
_Static_assert(sizeof(ek_command) == 64, "a command is one cache line");

typedef struct words {
    uint64_t w[4];
} words;

typedef struct name_entry {
    words name, mask;
} name_entry;

typedef struct slot {
    uint16_t tag, id1;
} slot;

static slot slots[SLOTS];
static name_entry names[MAX_COMMANDS];
static ek_command commands[MAX_COMMANDS];
static char full_names[FULL_NAMES_BYTES];
static unsigned ncommands;

static size_t full_names_used;

/* The first 8, the last 8, and for long names the 16 between; short names in halves. */
static words load_words(const uint8_t *p, size_t n) {
    words r = {{0, 0, 0, 0}};
    if (n >= 8) {
        r.w[0] = ek_load64(p);
        r.w[1] = ek_load64(p + n - 8);
        if (n > 16) {
            r.w[2] = ek_load64(p + 8);
            r.w[3] = ek_load64(p + n - 16);
        }
    } else if (n >= 4) {
        r.w[0] = ek_load32(p);
        r.w[1] = ek_load32(p + n - 4);
    } else if (n) {
        r.w[0] = p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16;
    }
    return r;
}

static uint64_t hash_words(const words *x, size_t n, unsigned container) {
    const uint64_t fold = 0x2020202020202020u, m = 0x9e3779b97f4a7c15u;
    uint64_t h = n << 16 | container;
    for (int i = 0; i < 4; i++) {
        h = (h ^ (x->w[i] | fold)) * m;
        h ^= h >> 29;
    }
    return h * m;
}

static bool same_name(const name_entry *e, const words *x) {
    uint64_t diff = 0;
    for (int i = 0; i < 4; i++)
        diff |= e->name.w[i] ^ (x->w[i] | e->mask.w[i]);
    return diff == 0;
}

static ek_command *lookup(unsigned container, const uint8_t *name, size_t n) {
    if (n == 0 || n > MAX_NAME)
        return NULL;
    words x = load_words(name, n);
    uint64_t h = hash_words(&x, n, container);
    uint16_t tag = (uint16_t)(h >> 48);
    for (unsigned i = h >> 32;; i++) {
        const slot *s = &slots[i & (SLOTS - 1)];
        if (!s->id1)
            return NULL;
        ek_command *cmd = &commands[s->id1 - 1];
        if (s->tag == tag && same_name(&names[s->id1 - 1], &x) &&
            (cmd->parent ? cmd->parent->id : TOP) == container && cmd->own_len == n)
            return cmd;
    }
}

static void enter(unsigned id, unsigned container) {
    const uint8_t *name = (const uint8_t *)commands[id].decl->name;
    size_t n = strlen((const char *)name);
    uint8_t mask[MAX_NAME];
    for (size_t i = 0; i < n; i++)
        mask[i] = name[i] >= 'a' && name[i] <= 'z' ? 0x20 : 0;
    names[id].name = load_words(name, n);
    names[id].mask = load_words(mask, n);
    uint64_t h = hash_words(&names[id].name, n, container);
    unsigned i = h >> 32;
    while (slots[i & (SLOTS - 1)].id1)
        i++;
    slots[i & (SLOTS - 1)] = (slot){.tag = (uint16_t)(h >> 48), .id1 = (uint16_t)(id + 1)};
}

static uint32_t implied_categories(uint32_t flags, uint32_t declared) {
    uint32_t c = 0;
    if (flags & EK_CMD_WRITE)
        c |= EK_ACL_WRITE;
    if (flags & EK_CMD_READONLY && !(declared & EK_ACL_SCRIPTING))
        c |= EK_ACL_READ;
    if (flags & EK_CMD_ADMIN)
        c |= EK_ACL_ADMIN | EK_ACL_DANGEROUS;
    if (flags & EK_CMD_PUBSUB)
        c |= EK_ACL_PUBSUB;
    if (flags & EK_CMD_BLOCKING)
        c |= EK_ACL_BLOCKING;
    return c | (flags & EK_CMD_FAST ? EK_ACL_FAST : EK_ACL_SLOW);
}

/* First/last/step can tell of ranges at fixed places that adjoin; whatever they cannot tell makes
 * the keys movable. */
static void derive_key_range(ek_command *cmd) {
    for (const ek_key_spec *k = cmd->decl->keys; k && k->begin; k++) {
        if (k->flags & EK_KEY_INCOMPLETE)
            cmd->flags |= EK_CMD_MOVABLEKEYS;
        if (k->begin != EK_BEGIN_INDEX || k->find != EK_FIND_RANGE || k->limit > 1) {
            cmd->flags |= EK_CMD_MOVABLEKEYS;
            continue;
        }
        int16_t last = k->last >= 0 ? (int16_t)(k->index + k->last) : k->last;
        if (cmd->first_key == 0) {
            cmd->first_key = k->index;
            cmd->last_key = last;
            cmd->key_step = k->step;
        } else if (cmd->key_step == 1 && k->step == 1 && k->index == cmd->last_key + 1) {
            cmd->last_key = last;
        } else {
            cmd->flags |= EK_CMD_MOVABLEKEYS;
        }
    }
}

static const char *full_name(const ek_command *parent, const char *name) {
    if (!parent)
        return name;
    size_t np = strlen(parent->name), n = strlen(name) + 1;
    if (np + 1 + n > sizeof full_names - full_names_used)
        return NULL;
    char *at = full_names + full_names_used;
    memcpy(at, parent->name, np);
    at[np] = '|';
    memcpy(at + np + 1, name, n);
    full_names_used += np + 1 + n;
    return at;
}

static ek_command *add(const ek_command_decl *d, const ek_command *parent) {
    unsigned container = parent ? parent->id : TOP;
    size_t n = strlen(d->name);
    if (ncommands == MAX_COMMANDS || n > MAX_NAME ||
        lookup(container, (const uint8_t *)d->name, n) != NULL)
        return NULL;
    const char *name = full_name(parent, d->name);
    if (!name)
        return NULL;
    ek_command *cmd = &commands[ncommands];
    *cmd = (ek_command){
        .name = name,
        .handler = d->handler,
        .flags = d->flags,
        .categories = d->categories | implied_categories(d->flags, d->categories),
        .arity = (int16_t)d->arity,
        .id = (uint16_t)ncommands,
        .own_len = (uint8_t)n,
        .parent = parent,
        .decl = d,
    };
    derive_key_range(cmd);
    enter(ncommands++, container);
    return cmd;
}

bool ek_command_register(const ek_command_decl *decls) {
    for (const ek_command_decl *d = decls; d->name; d++) {
        ek_command *cmd = add(d, NULL);
        if (!cmd)
            return false;
        cmd->subcommands = d->subcommands ? &commands[ncommands] : NULL;
        for (const ek_command_decl *s = d->subcommands; s && s->name; s++) {
            if (!add(s, cmd))
                return false;
            cmd->nsubcommands++;
        }
    }
    return true;
}

const ek_command *ek_command_find(const uint8_t *name, size_t n) {
    return lookup(TOP, name, n);
}

const ek_command *ek_command_find_sub(const ek_command *container, const uint8_t *name, size_t n) {
    return container->nsubcommands ? lookup(container->id, name, n) : NULL;
}

const ek_command *ek_command_find_full(const uint8_t *name, size_t n) {
    const uint8_t *bar = n ? memchr(name, '|', n) : NULL;
    if (!bar)
        return ek_command_find(name, n);
    size_t at = (size_t)(bar - name);
    const ek_command *container = ek_command_find(name, at);
    return container ? ek_command_find_sub(container, bar + 1, n - at - 1) : NULL;
}

const ek_command *ek_command_resolve(size_t argc, const ek_str *argv,
                                     const ek_command **container) {
    const ek_command *cmd = ek_command_find(argv[0].p, argv[0].n);
    *container = NULL;
    if (!cmd || !cmd->nsubcommands || argc < 2)
        return cmd;
    *container = cmd;
    return ek_command_find_sub(cmd, argv[1].p, argv[1].n);
}

unsigned ek_command_count(void) {
    return ncommands;
}

const ek_command *ek_command_at(unsigned id) {
    return id < ncommands ? &commands[id] : NULL;
}
