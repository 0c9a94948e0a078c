#include "engine/settings.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/acl.h"
#include "engine/house.h"
#include "store/slowlog.h"

void ek_setting_apply(ek_store *s, ek_session *session, const ek_setting *setting,
                      const ek_setting_parsed *value) {
    if (!ek_setting_store(s, setting, value)) ek_raise(s->a, EK_ENOMEM);
    if (strcmp(setting->name, "requirepass") == 0) ek_acl_set_password(s, session, value->text);
    else if (strcmp(setting->name, "slowlog-max-len") == 0)
        ek_slowlog_trim(s, (uint64_t)s->root->config.slowlog_max_len);
}

typedef struct loading {
    ek_store *s;
    const ek_setting *setting;
    const ek_setting_parsed *value;
} loading;

static void load(void *arg) {
    loading *l = arg;
    ek_setting_apply(l->s, NULL, l->setting, l->value);
}

bool ek_settings_load(ek_store *s, const char *name, ek_str value, char *err, size_t errlen) {
    ek_setting_parsed v;
    const ek_setting *setting = ek_setting_find((ek_str){(const uint8_t *)name, strlen(name)}, NULL);
    if (!setting) {
        snprintf(err, errlen, "there is no such setting");
        return false;
    }
    if (!ek_setting_parse(s, setting, value, &v, err, errlen)) return false;
    loading l = {.s = s, .setting = setting, .value = &v};
    if (ek_run_within(s->a, load, &l) == EK_OK && ek_house_follow_settings(s)) return true;
    snprintf(err, errlen, "no memory");
    return false;
}

bool ek_settings_set_file(ek_store *s, const char *path) {
    char *copy = strdup(path);
    if (!copy) return false;
    free(s->settings->config_file);
    s->settings->config_file = copy;
    return true;
}
