// Node-API over QuickJS-ng: what a program asks for that runs an addon's own sources without Node. What addons call is declared by
// Node's node_api.h; a function that is not implemented here is not there, so that whoever calls it does not link.
#pragma once

#include <node_api.h>
#include <quickjs.h>

namespace tsrun::engine {

// An environment for a context, as Node makes one for an addon. `api_version` is the Node-API version that the addon was compiled for
// (its node_api_module_get_api_version_v1), `file` what node_api_get_module_file_name answers. One environment a context, on the thread
// of the context. Null when memory is short.
napi_env open_env(JSContext* context, int32_t api_version = 8, const char* file = "");

// Calls the addon's initialiser (its napi_register_module_v1) with a new object and gives what it exports, or JS_EXCEPTION with the
// exception in the context. The caller owns the value.
JSValue load_module(napi_env env, napi_addon_register_func initialise);

// Runs the finalizers of what was collected since the last call; they may call into JavaScript, so this is for a moment when no
// JavaScript is running: a turn of the job loop. False when one threw, the exception then in the context: the others wait for the next
// call.
bool run_finalizers(napi_env env);

// Ends the environment: cleanup hooks, then every finalizer that has not run, the newest first, whether or not its object lives. Functions
// of the addon that JavaScript still has throw from now on. Call it before JS_FreeContext; the memory goes with the last of its functions.
void close_env(napi_env env);

}  // namespace tsrun::engine
