/* What connections are called. */
#ifndef EK_COMMANDS_CLIENT_H
#define EK_COMMANDS_CLIENT_H

#include "engine/context.h"

/* Puts a copy of the text in the place of what the session has there. */
void ek_client_set_text(ek_ctx *c, ek_str *where, ek_str text);
/* Names the connection; replies the error itself and returns false when that is no name. */
bool ek_client_set_name(ek_ctx *c, ek_str name);

#endif
