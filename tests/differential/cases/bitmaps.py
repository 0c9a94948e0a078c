"""Bitmaps: single bits, counts, places, BITOP and BITFIELD."""

WORLD = r"""
SET s hello
SET num 123
SET neg -5
SET empty ""
SET one "\x80"
SET zeros "\x00\x00\x00\x00"
SET ones "\xff\xff\xff"
SET mixed "\x00\xff\xf0\x0f\x55\xaa\x01\x80"
SET ttl "\x01\x02" EX 1000
SETBIT wide 5000 1
SETBIT long 20000 1
BITOP NOT full long
RPUSH list a
HSET hash f v
"""

KEY = "{s|num|empty|zeros|ones|mixed|missing|list|wide}"
OFFSET = r"""{0|1|7|8|40|100|10000|-1|x|""|007|1e2|4294967295|4294967296|9223372036854775807"""
OFFSET += "|9223372036854775808}"
# Not so far that the string would grow to half a gigabyte.
NEAR = OFFSET.replace("|4294967295", "")
INDEX = "{0|1|2|-1|-2|5|8|-9|100|-100}"

SINGLES = {
    "single bits": (
        WORLD,
        rf"""
        GETBIT {{s|num|missing|list|empty}} {OFFSET}
        SETBIT {{s|num|missing|list|empty}} {NEAR} {{0|1}}
        SETBIT {{s|missing|list}} {{7|x}} {{2|-1|x|""|01|1}}
        SETBIT ttl 3 1
        {{SETBIT|GETBIT}} {{|s|s 1}}
        {{SETBIT s 1 1 1|GETBIT s 1 1}}
        SETBIT {{wide|long}} {{5000|20000|3}} {{0|1}}
        SETBIT {{s|ones}} 8191 1
        SETBIT s 8192 0
        """,
    ),
    "counts": (
        WORLD,
        rf"""
        BITCOUNT {{s|num|neg|empty|one|zeros|ones|mixed|missing|list|wide|long|full|hash}}
        BITCOUNT {KEY} {INDEX} {INDEX} {{BIT|BYTE|}}
        BITCOUNT full {{0|1|100|-1000}} {{-1|-2|2499|3}} {{BIT|BYTE|}}
        BITCOUNT {{s|missing|list|empty}} {{x|""|1.5|9223372036854775808}} {{1|x}} {{|nope|bit}}
        BITCOUNT {{s|missing}} {{0|x}}
        BITCOUNT {{s|missing}} {{0|-1}} {{1|-5}} {{nope|BIT|byte|""}}
        BITCOUNT s 0 1 BIT {{BIT|x}}
        BITCOUNT s -9223372036854775808 9223372036854775807 {{BIT|}}
        BITCOUNT
        """,
    ),
    "places": (
        WORLD,
        rf"""
        BITPOS {{s|num|neg|empty|one|zeros|ones|mixed|missing|list|wide|long|full|hash}} {{0|1}}
        BITPOS {KEY} {{0|1}} {INDEX}
        BITPOS {KEY} {{0|1}} {INDEX} {INDEX} {{BIT|BYTE|}}
        BITPOS {{full|long|wide}} {{0|1}} {{1|100|-100|2000}} {{-1|-2|2499|3000}} {{BIT|BYTE|}}
        BITPOS {{s|missing|list}} {{2|-1|x|""}} {{|0}} {{|x}}
        BITPOS {{s|missing|list}} 1 {{x|0}} {{x|1|}}
        BITPOS {{s|missing}} 1 {{x|0}} {{x|1}} {{nope|bit|byte}} {{|BIT}}
        BITPOS {{|s}}
        """,
    ),
    "BITOP": (
        WORLD,
        r"""
        BITOP {AND|OR|XOR|NOT|nope|""} {new|s} {s|num|missing|list|empty|mixed|long}
        BITOP {AND|OR|XOR|not} {new|s|ttl} {s|num|missing|list|mixed} {mixed|missing|wide|hash|num}
        BITOP {AND|OR|XOR} {new|full|list} full {long|mixed} {wide|ones|missing} {full|zeros}
        BITOP {and|Or} {s|num|neg|full|long} num {s|neg|full|long|num}
        BITOP {NOT|and} new {empty|missing}
        BITOP {NOT|and} {ttl|list} {empty|missing}
        BITOP {AND|NOT|NOPE} {|new}
        BITOP
        """,
    ),
    "BITFIELD": (
        WORLD,
        rf"""
        {{BITFIELD|BITFIELD_RO}} {KEY}
        {{BITFIELD|BITFIELD_RO}} {{s|num|missing|list|mixed|wide}} GET {{u1|u8|i8|i5|u63|i64|i1}} {{0|3|#1|35|4999|100000}}
        {{BITFIELD|BITFIELD_RO}} {{s|missing|list}} GET {{u0|u64|i0|i65|u|i|x8|U8|u08|u+8|u-1|"u8 "|""|8|u18446744073709551617}} 0
        {{BITFIELD|BITFIELD_RO}} s GET u8 {OFFSET}
        BITFIELD s GET {{u1|i64|u63}} {{#-1|#|#x|##1|#01|#4294967295|#67108863|#67108864|#9223372036854775807|#292805461487453201}}
        BITFIELD {{s|num|missing|list|ttl}} {{SET|INCRBY}} {{u8|i8|u1|i1|u63|i64|i13}} {{0|3|#1|35|77}} {{0|1|-1|300|-200}}
        BITFIELD {{mixed|num}} {{SET|INCRBY}} {{u8|i8|u63|i64|i63|u5}} {{0|9|#0}} {{9223372036854775807|-9223372036854775808|255|128|-129|100}}
        BITFIELD mixed OVERFLOW {{WRAP|sat|FAIL}} {{SET|INCRBY}} {{u8|i8|u63|i64|i63|u5|i1}} {{0|9|17|#0}} {{9223372036854775807|-9223372036854775808|255|127|128|-128|-129|100|-1|1|0|31|32}}
        BITFIELD {{s|missing|list}} {{SET|INCRBY}} u8 {{x|-1|0}} {{x|""|1.5}}
        BITFIELD s {{SET|INCRBY|GET|OVERFLOW|NOPE|""}} {{|u8}} {{|0}}
        BITFIELD s OVERFLOW {{nope|WRAP|""}} {{|GET u8 0}} {{|OVERFLOW sat|SET u8}}
        BITFIELD {{s|missing}} OVERFLOW FAIL SET u4 0 9 INCRBY u4 0 9 INCRBY u4 0 {{-9|1}} OVERFLOW SAT INCRBY u4 0 9 GET u8 0 OVERFLOW WRAP INCRBY u4 0 20
        BITFIELD_RO s {{SET u8 0 1|INCRBY u8 0 1|OVERFLOW sat|OVERFLOW nope|OVERFLOW sat GET u8 0}} {{|GET u8 0|NOPE}}
        {{BITFIELD|BITFIELD_RO}}
        BITFIELD new SET u8 8191 255
        BITFIELD {{num|neg}} GET u8 0 INCRBY i8 0 1 GET u8 0
        """,
    ),
}

SEQUENCES = {
    "encodings and times": r"""
        SET k 12
        GETBIT k 1
        BITCOUNT k
        BITFIELD k GET u8 0
        OBJECT ENCODING k
        BITFIELD k OVERFLOW FAIL INCRBY u8 0 500
        OBJECT ENCODING k
        SET k 12 EX 1000
        SETBIT k 0 0
        OBJECT ENCODING k
        TTL k
        SET k short
        SETBIT k 0 0
        OBJECT ENCODING k
        BITOP OR k k k
        OBJECT ENCODING k
        TTL k
        SET n 7 EX 1000
        BITOP AND n n n
        OBJECT ENCODING n
        TTL n
        BITOP OR n missing
        EXISTS n
        SETBIT fresh 10 0
        OBJECT ENCODING fresh
        STRLEN fresh
    """,
    "what counts as a change": r"""
        SETBIT k 5 1
        1> WATCH k
        SETBIT k 5 1
        1> MULTI
        1> PING
        1> EXEC
        1> WATCH k
        SETBIT k 100 0
        1> MULTI
        1> EXEC
        1> WATCH k
        BITFIELD k SET u8 0 4
        BITFIELD k OVERFLOW FAIL INCRBY u8 0 500
        1> MULTI
        1> EXEC
        1> WATCH k
        BITFIELD k INCRBY u8 0 1
        1> MULTI
        1> EXEC
        1> WATCH none
        BITOP AND none a b
        1> MULTI
        1> EXEC
    """,
    "limits follow proto-max-bulk-len": r"""
        CONFIG SET proto-max-bulk-len 1048576
        SETBIT k 8388608 1
        SETBIT k 8388607 1
        GETBIT k 8388608
        BITFIELD k SET u8 8388607 1
        BITFIELD k GET u8 8388608
        BITFIELD k GET u8 #1048575
        BITFIELD k GET u8 #1048576
        STRLEN k
        BITCOUNT k
        BITPOS k 1
        BITPOS k 1 1048576
        CONFIG SET proto-max-bulk-len 536870912
    """,
    "large values": r"""
        SETBIT a 400000 1
        SETBIT b 900001 1
        BITOP NOT c a
        BITOP XOR d a b c
        BITCOUNT d
        BITPOS d 0
        BITOP AND e d c
        BITCOUNT e 3 50000
        BITCOUNT e 35 400007 BIT
        BITPOS c 0
        BITPOS c 0 50000
        BITOP OR a a b c
        BITCOUNT a
    """,
}

# BITOP of Redis 8.
LATER = {
    "BITOP, later operations": (
        WORLD,
        r"""
        BITOP {DIFF|DIFF1|ANDOR|ONE} {new|s} {s|num|missing|list|empty|mixed}
        BITOP {diff|DIFF1|AndOr|one} {new|s|ttl} {s|num|missing|list|mixed} {mixed|missing|wide|num}
        BITOP {DIFF|DIFF1|ANDOR|ONE} {new|full|list} {full|mixed|long} {long|mixed} {wide|ones|missing} {full|zeros}
        BITOP {DIFF|DIFF1|ANDOR|ONE} num num {s|neg|full|long|num}
        BITOP {DIFF|DIFF1|ANDOR|ONE} {|new}
        """,
    ),
}
