/* Small files that commands read and write whole: users, settings. */
#ifndef EK_COMMANDS_TEXT_FILE_H
#define EK_COMMANDS_TEXT_FILE_H

#include "engine/context.h"

/* The whole file, in scratch memory. False: errno tells why not. */
bool ek_text_file_read(ek_ctx *c, const char *path, ek_str *out);

/* Into a new file, which then takes the old one's place. Its mode is the old one's (0600 where there
 * was none), or 0600 for what is nobody else's business. False: errno tells. */
bool ek_text_file_replace(const char *path, ek_str text, bool is_secret);

#endif
