/* What connections are called. */
#ifndef EK_COMMANDS_CLIENT_H
#define EK_COMMANDS_CLIENT_H

#include "engine/context.h"

typedef enum client_text { CLIENT_NAME, CLIENT_LIB_NAME, CLIENT_LIB_VER } client_text;

/* What the session, and its record if it has one, is called from now on. */
void ek_client_set_text(ek_ctx *c, client_text which, ek_str text);
/* Names the connection; replies the error itself and returns false when that is no name. */
bool ek_client_set_name(ek_ctx *c, ek_str name);

#endif
