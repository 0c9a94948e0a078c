#include "scripting/lua_api.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

ek_lua_api lua;

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static bool loaded;

static bool take(void *module, const char *symbol, void *to, char *err, size_t errlen) {
    void *at = dlsym(module, symbol);
    if (!at) {
        snprintf(err, errlen, "the module has no %s", symbol);
        return false;
    }
    memcpy(to, &at, sizeof at);
    return true;
}

static bool take_all(void *module, char *err, size_t errlen) {
#define TAKE(type, name, args) && take(module, "lua_" #name, &lua.name, err, errlen)
#define TAKE_AS(type, name, symbol, args) && take(module, symbol, &lua.name, err, errlen)
    return true EK_LUA_FUNCTIONS(TAKE) EK_LUA_AUXILIARY(TAKE_AS);
}

bool ek_lua_load(const char *path, char *err, size_t errlen) {
    pthread_mutex_lock(&loading);
    if (!loaded) {
        void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* for as long as the process */
        if (module) loaded = take_all(module, err, errlen);
        else snprintf(err, errlen, "%s", dlerror());
    }
    pthread_mutex_unlock(&loading);
    return loaded;
}
