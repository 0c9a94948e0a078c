/* Setting settings (store/config.h), with what follows from them for the floors above the store. */
#ifndef EK_ENGINE_SETTINGS_H
#define EK_ENGINE_SETTINGS_H

#include "engine/context.h"

/* In a transaction; raises when there is no memory. session: whose command it is, or NULL. */
void ek_setting_apply(ek_store *s, ek_session *session, const ek_setting *setting,
                      const ek_setting_parsed *value);

/* Set one at the start of a process, immutable ones too, in a transaction of its own. Lock held. */
bool ek_settings_load(ek_store *s, const char *name, ek_str value, char *err, size_t errlen);

/* What CONFIG REWRITE is to write. False: no memory. Lock held. */
bool ek_settings_set_file(ek_store *s, const char *path);

#endif
