/* What stands between the values of an RDB file: see rdb_save.h. */
#ifndef EK_PERSIST_RDB_OPCODES_H
#define EK_PERSIST_RDB_OPCODES_H

typedef enum ek_rdb_opcode {
    EK_RDB_OP_FIRST = 243, /* bytes from here on are opcodes, those before it types */
    EK_RDB_OP_SLOT_INFO = 244, /* of clusters: slot, keys, of them with a time to live */
    EK_RDB_OP_FUNCTION = 245,
    EK_RDB_OP_MODULE_AUX = 247,
    EK_RDB_OP_IDLE = 248,
    EK_RDB_OP_FREQUENCY = 249,
    EK_RDB_OP_AUX = 250,
    EK_RDB_OP_RESIZE = 251,
    EK_RDB_OP_EXPIRE_MS = 252,
    EK_RDB_OP_EXPIRE_S = 253,
    EK_RDB_OP_DATABASE = 254,
    EK_RDB_OP_END = 255,
} ek_rdb_opcode;

enum { EK_RDB_CHECKSUM_SINCE = 5 }; /* versions before it end with the end's opcode */

#endif
