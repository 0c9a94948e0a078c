/* Versions that the store tells its clients. */
#ifndef EK_ENGINE_VERSION_H
#define EK_ENGINE_VERSION_H

/* The server whose replies ours agree with: what HELLO and INFO say, since clients choose by it
 * which commands they send. */
#define EK_REDIS_VERSION "7.0.15"

#endif
