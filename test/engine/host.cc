// A host for tests of the Node-API over QuickJS-ng: `host SCRIPT [WORD...]` evaluates SCRIPT, which finds in the global `host` what it
// cannot do itself, then turns the job loop until nothing is left to do. Addons are the files that Node would load.
//   host.words            the other words
//   host.read(path)       a text file
//   host.run(text, name)  evaluates a script
//   host.load(path)       what an addon exports: each in an environment of its own
//   host.collect()        runs the collector, and the finalizers of those who compiled for Node-API's experiments: they expect them at once
//   host.spawn(words)     another host in a process of its own: {status, signal, stdout, stderr}; behind the words of TSRUN_ENGINE_RUNNER,
//                         where this machine cannot execute it
//   host.print(text)      a line on standard output
//   host.turn             set by the script: called at the end of every turn; true to have another one
//   host.uncaught         set by the script: called with what nobody caught; true if that is in order
// Exit status: 0; 1 with words on standard error, which is also the end of a host that has not freed all memory it took.
#include <dlfcn.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "engine/napi.h"

namespace {

using tsrun::engine::close_env;
using tsrun::engine::load_module;
using tsrun::engine::open_env;
using tsrun::engine::run_finalizers;

// Memory of the engine, counted.
size_t blocks = 0;

void* counted(void* block) {
  if (block != nullptr) blocks++;
  return block;
}

const JSMallocFunctions kMemory = {[](void*, size_t count, size_t size) { return counted(calloc(count, size)); },
                                   [](void*, size_t size) { return counted(malloc(size)); },
                                   [](void*, void* block) {
                                     if (block != nullptr) blocks--;
                                     free(block);
                                   },
                                   [](void*, void* block, size_t size) {
                                     if (block == nullptr) return counted(malloc(size));
                                     if (size == 0) {
                                       blocks--;
                                       free(block);
                                       return static_cast<void*>(nullptr);
                                     }
                                     return realloc(block, size);
                                   },
                                   [](const void* block) { return malloc_usable_size(const_cast<void*>(block)); }};

struct Environment {
  napi_env env;
  int32_t version;
};

std::vector<Environment> environments;
// Promises that were rejected while nobody listened: somebody may yet, in the same turn.
std::vector<JSValue> rejections;
const char* program = nullptr;
bool failed = false;

std::string text_of(JSContext* context, JSValueConst value) {
  const char* text = JS_ToCString(context, value);
  if (text == nullptr) {
    JS_FreeValue(context, JS_GetException(context));
    return "(no text)";
  }
  std::string copy = text;
  JS_FreeCString(context, text);
  return copy;
}

JSValue host_of(JSContext* context) {
  JSValue global = JS_GetGlobalObject(context);
  JSValue host = JS_GetPropertyStr(context, global, "host");
  JS_FreeValue(context, global);
  return host;
}

// Asks the script; false where it has nothing to say.
bool ask(JSContext* context, const char* name, int count, JSValueConst* arguments) {
  JSValue host = host_of(context);
  JSValue function = JS_GetPropertyStr(context, host, name);
  JSValue answer = JS_IsFunction(context, function) ? JS_Call(context, function, host, count, arguments) : JS_FALSE;
  if (JS_IsException(answer)) {
    JSValue error = JS_GetException(context);
    JSValue stack = JS_GetPropertyStr(context, error, "stack");
    fprintf(stderr, "host.%s: %s\n%s", name, text_of(context, error).c_str(), text_of(context, stack).c_str());
    JS_FreeValue(context, stack);
    JS_FreeValue(context, error);
    failed = true;
    answer = JS_FALSE;
  }
  const bool is = JS_ToBool(context, answer) > 0;
  for (const JSValue value : {host, function, answer}) JS_FreeValue(context, value);
  return is;
}

// The context's exception, to the script or else to standard error.
void uncaught(JSContext* context) {
  JSValue error = JS_GetException(context);
  if (!ask(context, "uncaught", 1, &error)) {
    JSValue stack = JS_IsError(error) ? JS_GetPropertyStr(context, error, "stack") : JS_UNDEFINED;
    fprintf(stderr, "uncaught: %s\n%s", text_of(context, error).c_str(), JS_IsString(stack) ? text_of(context, stack).c_str() : "");
    JS_FreeValue(context, stack);
    failed = true;
  }
  JS_FreeValue(context, error);
}

void rejected(JSContext* context, JSValueConst promise, JSValueConst /*reason*/, bool handled, void* /*opaque*/) {
  if (!handled) {
    rejections.push_back(JS_DupValue(context, promise));
    return;
  }
  std::erase_if(rejections, [&](JSValue other) {
    const bool same = JS_VALUE_GET_PTR(other) == JS_VALUE_GET_PTR(promise);
    if (same) JS_FreeValue(context, other);
    return same;
  });
}

void report_rejections(JSContext* context) {
  for (const JSValue promise : std::exchange(rejections, {})) {
    JS_Throw(context, JS_PromiseResult(context, promise));
    JS_FreeValue(context, promise);
    uncaught(context);
  }
}

// Finalizers, of all environments or of those of one version.
void finalize(JSContext* context, int32_t version = 0) {
  for (const auto& [env, its] : environments) {
    while ((version == 0 || its == version) && !run_finalizers(env)) uncaught(context);
  }
}

JSValue read(JSContext* context, JSValueConst /*self*/, int /*count*/, JSValueConst* arguments) {
  const std::string path = text_of(context, arguments[0]);
  std::ifstream file(path, std::ios::binary);
  if (!file) return JS_ThrowPlainError(context, "no file %s", path.c_str());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return JS_NewStringLen(context, text.data(), text.size());
}

JSValue run(JSContext* context, JSValueConst /*self*/, int /*count*/, JSValueConst* arguments) {
  const std::string text = text_of(context, arguments[0]);
  return JS_Eval(context, text.c_str(), text.size(), text_of(context, arguments[1]).c_str(), JS_EVAL_TYPE_GLOBAL);
}

JSValue load(JSContext* context, JSValueConst /*self*/, int /*count*/, JSValueConst* arguments) {
  const std::string path = text_of(context, arguments[0]);
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return JS_ThrowPlainError(context, "%s", dlerror());
  const auto initialise = reinterpret_cast<napi_addon_register_func>(dlsym(library, "napi_register_module_v1"));
  const auto version = reinterpret_cast<node_api_addon_get_api_version_func>(dlsym(library, "node_api_module_get_api_version_v1"));
  if (initialise == nullptr) return JS_ThrowPlainError(context, "%s is no addon", path.c_str());
  const int32_t api_version = version == nullptr ? 8 : version();
  napi_env env = open_env(context, api_version, ("file://" + path).c_str());
  if (env == nullptr) return JS_ThrowOutOfMemory(context);
  environments.push_back({env, api_version});
  return load_module(env, initialise);
}

JSValue collect(JSContext* context, JSValueConst /*self*/, int /*count*/, JSValueConst* /*arguments*/) {
  JS_RunGC(JS_GetRuntime(context));
  finalize(context, INT32_MAX);
  return JS_UNDEFINED;
}

std::string contents(FILE* file) {
  std::string text;
  rewind(file);
  for (int c = fgetc(file); c != EOF; c = fgetc(file)) text += static_cast<char>(c);
  fclose(file);
  return text;
}

JSValue spawn(JSContext* context, JSValueConst /*self*/, int /*count*/, JSValueConst* arguments) {
  std::vector<std::string> texts;
  const char* runner = getenv("TSRUN_ENGINE_RUNNER");
  std::istringstream words(runner == nullptr ? "" : runner);
  for (std::string word; words >> word;) texts.push_back(word);
  texts.emplace_back(program);
  int64_t length = 0;
  JS_GetLength(context, arguments[0], &length);
  for (int64_t at = 0; at < length; at++) {
    JSValue word = JS_GetPropertyInt64(context, arguments[0], at);
    texts.push_back(text_of(context, word));
    JS_FreeValue(context, word);
  }
  std::vector<char*> list;
  for (auto& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  FILE* streams[] = {tmpfile(), tmpfile()};
  fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(fileno(streams[0]), 1);
    dup2(fileno(streams[1]), 2);
    execvp(list[0], list.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  JSValue result = JS_NewObject(context);
  JS_SetPropertyStr(context, result, "status", WIFEXITED(status) ? JS_NewInt32(context, WEXITSTATUS(status)) : JS_NULL);
  JS_SetPropertyStr(context, result, "signal", WIFSIGNALED(status) ? JS_NewString(context, sigabbrev_np(WTERMSIG(status))) : JS_NULL);
  JS_SetPropertyStr(context, result, "stdout", JS_NewString(context, contents(streams[0]).c_str()));
  JS_SetPropertyStr(context, result, "stderr", JS_NewString(context, contents(streams[1]).c_str()));
  return result;
}

JSValue print(JSContext* context, JSValueConst /*self*/, int /*count*/, JSValueConst* arguments) {
  puts(text_of(context, arguments[0]).c_str());
  return JS_UNDEFINED;
}

void add_host(JSContext* context, int count, char** words) {
  JSValue host = JS_NewObject(context);
  const struct {
    const char* name;
    JSCFunction* function;
  } functions[] = {{"read", read}, {"run", run}, {"load", load}, {"collect", collect}, {"spawn", spawn}, {"print", print}};
  for (const auto& [name, function] : functions) JS_SetPropertyStr(context, host, name, JS_NewCFunction(context, function, name, 2));
  JSValue list = JS_NewArray(context);
  for (int at = 0; at < count; at++) JS_SetPropertyUint32(context, list, static_cast<uint32_t>(at), JS_NewString(context, words[at]));
  JS_SetPropertyStr(context, host, "words", list);
  JSValue global = JS_GetGlobalObject(context);
  JS_SetPropertyStr(context, global, "host", host);
  JS_FreeValue(context, global);
}

void run_jobs(JSContext* context) {
  JSContext* one = nullptr;
  for (;;) {
    const int done = JS_ExecutePendingJob(JS_GetRuntime(context), &one);
    if (done == 0) return;
    if (done < 0) uncaught(one);
  }
}

void turn(JSContext* context) {
  do {
    run_jobs(context);
    finalize(context);
    run_jobs(context);
    report_rejections(context);
  } while (ask(context, "turn", 0, nullptr));
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    fputs("host SCRIPT [WORD...]\n", stderr);
    return 1;
  }
  program = words[0];
  JSRuntime* runtime = JS_NewRuntime2(&kMemory, nullptr);
  JSContext* context = JS_NewContext(runtime);
  JS_SetHostPromiseRejectionTracker(runtime, rejected, nullptr);
  add_host(context, count - 2, words + 2);
  JSValue path = JS_NewString(context, words[1]);
  JSValue text = read(context, JS_UNDEFINED, 1, &path);
  JSValue pair[] = {text, path};
  JSValue result = JS_IsException(text) ? JS_EXCEPTION : run(context, JS_UNDEFINED, 2, pair);
  if (JS_IsException(result)) uncaught(context);
  for (const JSValue value : {path, text, result}) JS_FreeValue(context, value);
  turn(context);
  for (auto env = environments.rbegin(); env != environments.rend(); ++env) close_env(env->env);
  JS_FreeContext(context);
  JS_FreeRuntime(runtime);
  if (blocks != 0) {
    fprintf(stderr, "host: %zu blocks of the engine's memory were not freed\n", blocks);
    return 1;
  }
  return failed ? 1 : 0;
}
