"""Geo: places, distances, and searches by radius and box, from a point and from a member."""

WORLD = r"""
GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.496366 41.902782 Rome
GEOADD g 2.352222 48.856613 Paris -0.127758 51.507351 London -3.703790 40.416775 Madrid
GEOADD g -74.005974 40.712776 "New York" -118.243683 34.052235 LA 151.209290 -33.868820 Sydney
GEOADD g 178.441895 -18.141600 Suva -171.760437 -13.833333 Apia 179.9 -16.5 Taveuni
GEOADD g 25.728 66.503 Rovaniemi 15.6356 78.2232 Longyearbyen -58.3816 -34.6037 "Buenos Aires"
GEOADD one 13.361389 38.115556 12
ZADD z 1.5 half -5 below inf high 4503599627370496 beyond 3479099956230698 Palermo
ZADD num 3479099956230698 12 3479447370796909 13
SET s hello
SET dest x
RPUSH list a
"""
# 300 places on a grid of half degrees around (10, 50), none of them the same.
MANY = "\n".join(
    "GEOADD many "
    + " ".join(f"{8 + i * 0.2101:.4f} {48 + j * 0.2307:.4f} p{i}-{j}" for i in range(20))
    for j in range(15)
)

KEY = "{g|one|z|num|missing|s|list}"
NUMBER = r"""{1|0|-1|-0.5|x|""|nan|inf|1e3|1e8|" 1"|0x10}"""

SINGLES = {
    "GEOADD": (
        WORLD,
        rf"""
        GEOADD {{g|new|z|s|list}} 13.5 38.5 {{Palermo|new|""}}
        GEOADD {{g|new}} {{NX|XX|CH|nx ch|XX CH|NX XX|CH CH|INCR|GT|}} 13.5 38.5 Palermo 1 2 new
        GEOADD g {{180|-180|0}} {{85.05112878|-85.05112878|0}} edge
        GEOADD g {{180.0001|-180.0001|181|-200|inf|-inf}} 0 far
        GEOADD g 0 {{85.0512|-85.0512|86|90|inf|-inf|1e300}} far
        GEOADD {{g|s}} {NUMBER} 1 a
        GEOADD {{g|s}} 1 {NUMBER} a
        GEOADD {{g|new}} 1 1 a 2 2
        GEOADD new 1 1 a 1 1 a 2 2 a
        GEOADD new 1 1 a 200 2 b
        GEOADD new CH 1 1 a NX 1 1 b
        GEOADD {{|g|g 1|g 1 1|g NX|g NX CH|g NX 1 1|g CH 1 1}}
        """,
    ),
    "places by name": (
        WORLD,
        rf"""
        {{GEOPOS|GEOHASH}} {KEY} {{Palermo|nope|12|half}} {{|Rome|below|nope}}
        {{GEOPOS|GEOHASH}} z half below high beyond Palermo
        {{GEOPOS|GEOHASH}} g Palermo Sydney Apia Suva Longyearbyen "New York" "Buenos Aires"
        {{GEOPOS|GEOHASH}} {KEY}
        {{GEOPOS|GEOHASH|GEODIST}}
        GEODIST {KEY} {{Palermo|nope|12|half}} {{Rome|Palermo|below|nope|13}} {{|m|KM|mi|Ft}}
        GEODIST g {{Suva|Apia|Taveuni|Longyearbyen|Sydney}} {{Suva|Taveuni|Rovaniemi|LA}} {{km|ft}}
        GEODIST {{g|missing|s}} Palermo Rome {{nope|""|m x|m km}}
        GEODIST {{g|g Palermo}}
        """,
    ),
    "GEORADIUS": (
        WORLD,
        rf"""
        {{GEORADIUS|GEORADIUS_RO}} {KEY} 15 37 {{200|1000|0}} {{km|mi|m}} {{|ASC|DESC}} {{|WITHDIST|WITHCOORD WITHHASH}}
        {{GEORADIUSBYMEMBER|GEORADIUSBYMEMBER_RO}} {KEY} {{Palermo|nope|12}} {{200|3000}} {{km|MI}} {{|ASC|DESC}} {{|WITHDIST|WITHCOORD WITHHASH}}
        GEORADIUS g 15 37 {NUMBER} {{km|nope}}
        GEORADIUSBYMEMBER {{g|missing|s}} Palermo {NUMBER} {{km|nope}}
        GEORADIUS {{g|missing|s}} {{x|200|""}} {{37|x|99}} {{1|x}} {{km|nope}} {{|nope}}
        GEORADIUS g 15 37 5000 km {{COUNT 3|COUNT 1|COUNT 100|COUNT 0|COUNT -1|COUNT x|COUNT}} {{|ANY|ASC|DESC|WITHDIST}}
        GEORADIUS g 15 37 5000 km {{ANY|ANY ASC|ANY COUNT 2|COUNT 2 COUNT 3|ASC DESC|DESC ASC}}
        GEORADIUS {{g|z|num|missing|list}} 15 37 {{500|0}} km {{STORE|STOREDIST}} {{dest|g|new|list}} {{|COUNT 2|ASC|WITHDIST|WITHCOORD|WITHHASH}}
        GEORADIUS g 15 37 500 km STORE a STOREDIST b
        GEORADIUS g 15 37 500 km STOREDIST a STORE b
        GEORADIUSBYMEMBER {{g|missing}} {{Palermo|nope}} 500 km {{STORE|STOREDIST}} {{dest|g}}
        {{GEORADIUS_RO|GEORADIUSBYMEMBER_RO}} g {{15 37|Palermo}} 500 km {{STORE|STOREDIST}} dest
        GEORADIUS g 15 37 500 km {{STORE|STOREDIST|nope|""}}
        {{GEORADIUS|GEORADIUS_RO}} {{|g|g 15 37 1}}
        {{GEORADIUSBYMEMBER|GEORADIUSBYMEMBER_RO}} {{|g|g Rome 1}}
        """,
    ),
    "GEOSEARCH": (
        WORLD,
        rf"""
        GEOSEARCH {KEY} {{FROMLONLAT 15 37|FROMMEMBER Palermo|FROMMEMBER 12|FROMMEMBER nope}} {{BYRADIUS 1000 km|BYBOX 3000 1000 km|BYBOX 100 5000 MI|BYRADIUS 3e6 ft}} {{|ASC|DESC}} {{|WITHDIST|WITHCOORD WITHHASH}}
        GEOSEARCH g FROMMEMBER {{Suva|Apia|Taveuni|Longyearbyen|Rovaniemi|Sydney|LA|London}} {{BYRADIUS|BYBOX 5000}} {{100|1000|3000|7000|15000|21000}} km {{|WITHDIST}}
        GEOSEARCH g {{BYRADIUS 1000 km FROMLONLAT 15 37|ASC FROMMEMBER Rome WITHDIST BYBOX 1000 1000 km}}
        GEOSEARCH g FROMLONLAT {NUMBER} 37 BYRADIUS 1 km
        GEOSEARCH g FROMLONLAT 15 {NUMBER} BYRADIUS 1 km
        GEOSEARCH g FROMMEMBER Rome BYRADIUS {NUMBER} {{km|nope}}
        GEOSEARCH g FROMMEMBER Rome BYBOX {NUMBER} {{1000|x|-1}} {{km|nope}}
        GEOSEARCH {{g|missing}} {{FROMMEMBER Rome|FROMLONLAT 15 37}} {{FROMMEMBER Palermo|FROMLONLAT 2 48}} {{BYRADIUS 300 km|BYBOX 300 300 km}}
        GEOSEARCH {{g|missing}} FROMMEMBER Rome {{BYRADIUS 300 km|BYBOX 300 300 km}} {{BYRADIUS 500 km|BYBOX 900 900 km}}
        {{GEOSEARCH|geosearch}} {{g|missing|s}} {{FROMMEMBER Rome COUNT 1 ASC|BYRADIUS 1 km COUNT 1 ASC|ASC ASC ASC ASC ASC}}
        GEOSEARCH g FROMMEMBER Rome BYRADIUS 5000 km {{COUNT 3|COUNT 0|COUNT|COUNT x|COUNT 2 ANY|ANY|ANY COUNT 4 DESC}}
        GEOSEARCH g FROMMEMBER Rome BYRADIUS 5000 km {{STORE dest|STOREDIST|nope|FROMMEMBER|FROMLONLAT 1|BYRADIUS 1|BYBOX 1 1}}
        GEOSEARCH {{|g|g FROMMEMBER Rome BYRADIUS 1}}
        """,
    ),
    "GEOSEARCH among many": (
        MANY,
        r"""
        GEOSEARCH many FROMLONLAT {10|8.3|12} {50|48.2|51.3} {BYRADIUS 30 km|BYRADIUS 200 km|BYBOX 60 20 km|BYBOX 500 100 km}
        GEOSEARCH many FROMLONLAT 10.03 50.07 {BYRADIUS 150 km|BYBOX 250 250 km} {ASC|DESC|COUNT 7|COUNT 7 DESC|COUNT 9 ANY|COUNT 1} {WITHDIST|WITHCOORD|WITHHASH|}
        GEOSEARCHSTORE dest many FROMLONLAT 10.03 50.07 {BYRADIUS 300 km|BYBOX 30 250 km} {STOREDIST|COUNT 20|}
        GEORADIUSBYMEMBER many p10-7 {100|1} km {|ASC|STORE dest|STOREDIST dest}
        """,
    ),
    "GEOSEARCHSTORE": (
        WORLD,
        rf"""
        GEOSEARCHSTORE {{dest|g|new|list}} {KEY} {{FROMLONLAT 15 37|FROMMEMBER Palermo|FROMMEMBER 12|FROMMEMBER nope}} {{BYRADIUS 1000 km|BYBOX 300 1000 km|BYRADIUS 0 m}} {{|STOREDIST|COUNT 1|DESC}}
        GEOSEARCHSTORE dest g FROMMEMBER Rome BYRADIUS 500 mi {{WITHDIST|WITHCOORD|WITHHASH|STOREDIST WITHDIST|STOREDIST STOREDIST|STORE x|nope}}
        {{GEOSEARCHSTORE|GeoSearchStore}} dest {{g|missing}} {{FROMMEMBER Rome ASC ASC ASC|BYRADIUS 1 km ASC ASC}}
        GEOSEARCHSTORE dest g FROMMEMBER Rome BYRADIUS 500 mi ANY
        GEOSEARCHSTORE {{|dest|dest g|dest g FROMMEMBER Rome BYRADIUS 1}}
        """,
    ),
}

SEQUENCES = {
    "a place moves": r"""
        GEOADD g 13.361389 38.115556 a
        1> WATCH g
        GEOADD g 13.361389 38.115556 a
        1> MULTI
        1> PING
        1> EXEC
        1> WATCH g
        GEOADD g CH 13.4 38.1 a
        1> MULTI
        1> EXEC
        GEOPOS g a
        ZSCORE g a
        ZREM g a
        EXISTS g
        GEOADD g XX 1 1 a
        EXISTS g
        OBJECT ENCODING g
        GEOADD g 1 1 a
        OBJECT ENCODING g
        EXPIRE g 1000
        GEOSEARCHSTORE g g FROMMEMBER a BYRADIUS 1 m
        TTL g
    """,
}
