/* What a command is: its declaration, which says everything about it once, and the registered form
 * that dispatch works with.
 *
 *   commands/<group>_table.c      const ek_command_decl ek_<group>_table[] = { {...}, ..., {0} };
 *        | ek_command_register()  once, before anything is dispatched
 *        v
 *   ek_command (64 bytes)         hot facts, with what follows from the declaration worked out:
 *                                 implied ACL categories, movable keys, first/last/step
 *
 * Dispatch, COMMAND and COMMAND DOCS, ACL categories, key extraction and the reference page all
 * read these two. Declarations are constants and live for ever; so do the registered commands,
 * which nobody changes after registration. Every call here is therefore free of locks, and
 * allocates nothing.
 */
#ifndef EK_ENGINE_COMMAND_H
#define EK_ENGINE_COMMAND_H

#include "base/base.h"

typedef struct ek_ctx ek_ctx;
typedef void ek_handler(ek_ctx *c);

/* Flags of a command, in the order in which COMMAND prints them. */
enum {
    EK_CMD_WRITE = 1u << 0,
    EK_CMD_READONLY = 1u << 1,
    EK_CMD_DENYOOM = 1u << 2, /* may grow the store: refused when it is over its limit */
    EK_CMD_ADMIN = 1u << 3,
    EK_CMD_PUBSUB = 1u << 4,
    EK_CMD_NOSCRIPT = 1u << 5,
    EK_CMD_BLOCKING = 1u << 6,
    EK_CMD_LOADING = 1u << 7, /* allowed while the data set is being loaded */
    EK_CMD_STALE = 1u << 8,   /* allowed on a replica with stale data */
    EK_CMD_SKIP_MONITOR = 1u << 9,
    EK_CMD_SKIP_SLOWLOG = 1u << 10,
    EK_CMD_ASKING = 1u << 11,
    EK_CMD_FAST = 1u << 12,
    EK_CMD_NO_AUTH = 1u << 13,
    EK_CMD_NO_MANDATORY_KEYS = 1u << 14,
    EK_CMD_ALLOW_BUSY = 1u << 15, /* allowed while a script overruns its time */
    EK_CMD_NO_ASYNC_LOADING = 1u << 16,
    EK_CMD_NO_MULTI = 1u << 17,
    EK_CMD_MOVABLEKEYS = 1u << 18, /* derived: first/last/step do not tell all the keys */
    EK_CMD_FLAG_COUNT = 19,
    EK_CMD_WAITS = 1u << 24, /* may wait, and is not called blocking: WAIT, WAITAOF. Never printed */
    EK_CMD_MAY_WAIT = EK_CMD_BLOCKING | EK_CMD_WAITS,
};

/* ACL categories, in the order of ACL CAT. A declaration names only those that do not follow from
 * its flags (write, read, admin and dangerous, pubsub, fast or slow, blocking). */
enum {
    EK_ACL_KEYSPACE = 1u << 0,
    EK_ACL_READ = 1u << 1,
    EK_ACL_WRITE = 1u << 2,
    EK_ACL_SET = 1u << 3,
    EK_ACL_SORTEDSET = 1u << 4,
    EK_ACL_LIST = 1u << 5,
    EK_ACL_HASH = 1u << 6,
    EK_ACL_STRING = 1u << 7,
    EK_ACL_BITMAP = 1u << 8,
    EK_ACL_HYPERLOGLOG = 1u << 9,
    EK_ACL_GEO = 1u << 10,
    EK_ACL_STREAM = 1u << 11,
    EK_ACL_PUBSUB = 1u << 12,
    EK_ACL_ADMIN = 1u << 13,
    EK_ACL_FAST = 1u << 14,
    EK_ACL_SLOW = 1u << 15,
    EK_ACL_BLOCKING = 1u << 16,
    EK_ACL_DANGEROUS = 1u << 17,
    EK_ACL_CONNECTION = 1u << 18,
    EK_ACL_TRANSACTION = 1u << 19,
    EK_ACL_SCRIPTING = 1u << 20,
    EK_ACL_CATEGORY_COUNT = 21,
};

/* What a command does with a key. One of RO, RW (reads and changes the value), OW (replaces it
 * unread), RM (removes it unread); then what it does with the user's data in it. */
enum {
    EK_KEY_RO = 1u << 0,
    EK_KEY_RW = 1u << 1,
    EK_KEY_OW = 1u << 2,
    EK_KEY_RM = 1u << 3,
    EK_KEY_ACCESS = 1u << 4, /* returns, copies or otherwise reveals data */
    EK_KEY_UPDATE = 1u << 5,
    EK_KEY_INSERT = 1u << 6, /* adds data, leaves what is there */
    EK_KEY_DELETE = 1u << 7,
    EK_KEY_NOT_KEY = 1u << 8,         /* routed as a key would be, but is none */
    EK_KEY_INCOMPLETE = 1u << 9,      /* the specification may miss some keys */
    EK_KEY_VARIABLE_FLAGS = 1u << 10, /* what it does depends on the arguments */
    EK_KEY_FLAG_COUNT = 11,
};

typedef enum ek_key_begin {
    EK_BEGIN_NONE = 0, /* ends an array of specifications */
    EK_BEGIN_INDEX,    /* keys begin at argument `index` */
    EK_BEGIN_KEYWORD,  /* after `keyword`, sought from `index` on, or backwards if from the end */
    EK_BEGIN_UNKNOWN,
} ek_key_begin;

typedef enum ek_key_find {
    EK_FIND_UNKNOWN = 0,
    EK_FIND_RANGE,  /* every `step`th up to `last`, which counts from the first key, or backwards
                     * from the end if negative; with a `limit` n > 1 only 1/n of what is left */
    EK_FIND_KEYNUM, /* their number stands `keynum` after the beginning, the first `first` after */
} ek_key_find;

typedef struct ek_key_spec {
    ek_key_begin begin;
    ek_key_find find;
    const char *keyword; /* in lower case */
    const char *notes;
    uint32_t flags;
    int16_t index;
    int16_t last, step, limit;
    int16_t keynum, first;
} ek_key_spec;

typedef enum ek_arg_type {
    EK_ARG_STRING,
    EK_ARG_INTEGER,
    EK_ARG_DOUBLE,
    EK_ARG_KEY,
    EK_ARG_PATTERN,
    EK_ARG_UNIX_TIME,
    EK_ARG_PURE_TOKEN,
    EK_ARG_ONEOF,
    EK_ARG_BLOCK,
    EK_ARG_TYPE_COUNT,
} ek_arg_type;

enum {
    EK_ARG_OPTIONAL = 1u << 0,
    EK_ARG_MULTIPLE = 1u << 1,
    EK_ARG_MULTIPLE_TOKEN = 1u << 2, /* the token is repeated with each */
    EK_ARG_FLAG_COUNT = 3,
};

typedef struct ek_arg {
    const char *name; /* NULL ends an array of arguments */
    ek_arg_type type;
    uint32_t flags;
    int key_spec;        /* which of the key specifications covers a key, or a pattern of keys */
    const char *token;   /* the word before it; "\"\"" stands for an empty one */
    const char *display; /* how to print it, where that is not the name */
    const char *since, *deprecated_since;
    const struct ek_arg *args; /* of a oneof or a block */
} ek_arg;

typedef struct ek_history {
    const char *since; /* NULL ends an array */
    const char *change;
} ek_history;

typedef struct ek_key_pos {
    uint32_t index; /* in argv */
    uint32_t flags; /* EK_KEY_* */
} ek_key_pos;

/* Writes at most `cap` positions to `out`; returns how many keys there are, or -1 when the
 * arguments contradict themselves. */
typedef int ek_keys_fn(size_t argc, const ek_str *argv, ek_key_pos *out, int cap);

enum {
    EK_DOC_DEPRECATED = 1u << 0,
    EK_DOC_SYSCMD = 1u << 1, /* for the machinery, not for users */
};

typedef struct ek_command_decl {
    const char *name;    /* lower case; of a subcommand its own. NULL ends an array */
    ek_handler *handler; /* NULL for a pure container */
    int arity;           /* counts the name (and the container's); negative: at least so many */
    uint32_t flags;      /* EK_CMD_* */
    uint32_t categories; /* EK_ACL_*, without those that follow from the flags */
    uint32_t doc_flags;  /* EK_DOC_* */
    const char *group, *since, *summary, *complexity;
    const char *deprecated_since, *replaced_by;
    const char *const *tips;  /* ended by NULL, as the following arrays by an empty element */
    const ek_key_spec *keys;
    ek_keys_fn *find_keys; /* finds the keys where `keys` cannot say it all */
    const ek_history *history;
    const ek_arg *args;
    const struct ek_command_decl *subcommands;
} ek_command_decl;

/* Arrays in a declaration. */
#define EK_TIPS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define EK_KEYS(...) ((const ek_key_spec[]){__VA_ARGS__, {0}})
#define EK_HISTORY(...) ((const ek_history[]){__VA_ARGS__, {0}})
#define EK_ARGS(...) ((const ek_arg[]){__VA_ARGS__, {0}})
#define EK_SUBCOMMANDS(...) ((const ek_command_decl[]){__VA_ARGS__, {0}})

/* The common key specifications: one key at argument `at`; every `by`th argument from `at` to `to`
 * (negative: backwards from the end); a number at `at` which says how many keys follow it. */
#define EK_KEY_AT(at, what) \
    {.flags = (what), .begin = EK_BEGIN_INDEX, .index = (at), .find = EK_FIND_RANGE, .step = 1}
#define EK_KEY_RANGE(at, to, by, what) \
    {.flags = (what), .begin = EK_BEGIN_INDEX, .index = (at), .find = EK_FIND_RANGE, .last = (to), \
     .step = (by)}
#define EK_KEY_COUNTED(at, what) \
    {.flags = (what), .begin = EK_BEGIN_INDEX, .index = (at), .find = EK_FIND_KEYNUM, .first = 1, \
     .step = 1}

typedef struct ek_command {
    const char *name; /* the full one: "get", "object|encoding" */
    ek_handler *handler;
    uint32_t flags;      /* the declared and the derived */
    uint32_t categories; /* likewise */
    int16_t arity;
    uint16_t id; /* dense, from 0; subcommands follow their container */
    int16_t first_key, last_key, key_step;
    uint8_t nsubcommands;
    uint8_t own_len; /* of the name without the container's */
    const struct ek_command *parent; /* NULL unless a subcommand */
    const struct ek_command *subcommands;
    const ek_command_decl *decl;
} ek_command;

/* Adds the commands of an array. Not thread-safe: all registration happens in one initialiser.
 * Returns false when a name is taken or the registry is full, which is a mistake in the tables. */
bool ek_command_register(const ek_command_decl *decls);

/* The command of that name in any case, or NULL. `find_full` also knows "object|encoding". */
const ek_command *ek_command_find(const uint8_t *name, size_t n);
const ek_command *ek_command_find_sub(const ek_command *container, const uint8_t *name, size_t n);
const ek_command *ek_command_find_full(const uint8_t *name, size_t n);

/* What a request calls: the subcommand if argv[0] is a container and argv[1] one of its own, the
 * container alone if argv[1] is missing. NULL: unknown; then *container is that of an unknown
 * subcommand, or NULL when the command itself is unknown. argc is at least 1. */
const ek_command *ek_command_resolve(size_t argc, const ek_str *argv, const ek_command **container);

/* Commands by id: 0 <= id < ek_command_count(). */
unsigned ek_command_count(void);
const ek_command *ek_command_at(unsigned id);

EK_INLINE bool ek_command_arity_ok(const ek_command *cmd, size_t argc) {
    return cmd->arity >= 0 ? argc == (size_t)cmd->arity : argc >= (size_t)-cmd->arity;
}

/* Whether the command can have keys at all (channels and the like do not count). */
bool ek_command_has_keys(const ek_command *cmd);

/* Where the keys are. The arity must have been checked. As ek_keys_fn: returns how many there are,
 * writes no more than `cap`, and returns -1 when the arguments make no sense. */
int ek_command_keys(const ek_command *cmd, size_t argc, const ek_str *argv, ek_key_pos *out,
                    int cap);

/* The same, but of arguments that make no sense those keys that can be told: never -1. */
int ek_command_keys_at_least(const ek_command *cmd, size_t argc, const ek_str *argv,
                             ek_key_pos *out, int cap);

/* Names of single bits and types, for printing; NULL beyond the last. */
const char *ek_command_flag_name(unsigned bit);
const char *ek_acl_category_name(unsigned bit); /* without the @ */
const char *ek_key_flag_name(unsigned bit);
const char *ek_arg_type_name(ek_arg_type type);
const char *ek_arg_flag_name(unsigned bit);

/* How the command is called, as text ended by a zero; with the container's name if `full`. Returns
 * the length, also when that is more than fits. */
size_t ek_command_syntax(const ek_command *cmd, bool full, char *out, size_t cap);

/* The bit EK_ACL_* of a category name in any case, or 0. */
uint32_t ek_acl_category_find(const uint8_t *name, size_t n);

#endif
