/* LOLWUT: a picture of embers, another one each time. */
#include "base/random.h"
#include "engine/context.h"
#include "engine/version.h"

#include <stdio.h>

#define WIDTH 60
#define HEIGHT 14

/* Heat rises from the bottom row, spreading and cooling on its way. */
void ek_cmd_lolwut(ek_ctx *c) {
    static const char shades[] = " .:-=+*#%@";
    uint8_t heat[HEIGHT + 1][WIDTH] = {{0}};
    char text[HEIGHT * (WIDTH + 1) + 64], *to = text;
    for (unsigned x = 0; x < WIDTH; x++)
        heat[HEIGHT][x] = (uint8_t)(ek_random_next(&c->s->random) % 3 ? 9 : 2);
    for (unsigned y = HEIGHT; y-- > 0;)
        for (unsigned x = 0; x < WIDTH; x++) {
            uint64_t chance = ek_random_next(&c->s->random);
            unsigned from = (x + WIDTH + (unsigned)(chance % 3) - 1) % WIDTH;
            uint8_t below = heat[y + 1][from];
            heat[y][x] = below && chance >> 32 & 1 ? (uint8_t)(below - 1) : below;
        }
    for (unsigned y = 0; y < HEIGHT; y++) {
        for (unsigned x = 0; x < WIDTH; x++) *to++ = shades[heat[y][x]];
        *to++ = '\n';
    }
    size_t n = (size_t)(to - text);
    n += (size_t)snprintf(to, sizeof text - n, "\nemberkv, Redis ver. %s\n", EK_REDIS_VERSION);
    ek_reply_verbatim(c->reply, "txt", text, n);
}
