// References, wraps, externals, tags, instance data and everybody's finalizers.
#include <cstdio>

#include "addon.h"

namespace probe {
namespace {

std::vector<napi_ref> references;
std::vector<uint32_t> finalized;
napi_ref held = nullptr;

void* pointer(uint32_t value) { return reinterpret_cast<void*>(static_cast<uintptr_t>(value)); }
uint32_t value_of(void* data) { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(data)); }

void note(napi_env /*env*/, void* data, void* hint) { finalized.push_back(value_of(data) + 100 * value_of(hint)); }

// reference(value, count): its number, or {status}
napi_value reference(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_ref made = nullptr;
  const napi_status status = napi_create_reference(env, call[0], unsigned_of(env, call[1]), &made);
  if (status != napi_ok) return object(env, {{"status", number(env, status)}});
  references.push_back(made);
  return number(env, static_cast<double>(references.size() - 1));
}

napi_value up(napi_env env, napi_callback_info info) {
  uint32_t count = 99;
  const napi_status status = napi_reference_ref(env, references[unsigned_of(env, Call(env, info)[0])], &count);
  return list(env, {number(env, status), number(env, count)});
}

napi_value down(napi_env env, napi_callback_info info) {
  uint32_t count = 99;
  const napi_status status = napi_reference_unref(env, references[unsigned_of(env, Call(env, info)[0])], &count);
  return list(env, {number(env, status), number(env, count)});
}

napi_value referred(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value result = call.undefined;
  must(napi_get_reference_value(env, references[unsigned_of(env, call[0])], &result), "value");
  return result == nullptr ? text(env, "gone") : result;
}

napi_value drop(napi_env env, napi_callback_info info) {
  must(napi_delete_reference(env, references[unsigned_of(env, Call(env, info)[0])]), "delete");
  return nullptr;
}

// What was finalized since the last time.
napi_value take_finalized(napi_env env, napi_callback_info /*info*/) {
  std::vector<napi_value> values;
  for (const uint32_t value : std::exchange(finalized, {})) values.push_back(number(env, value));
  return list(env, values);
}

napi_value add_finalizer(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return number(env, napi_add_finalizer(env, call[0], pointer(unsigned_of(env, call[1])), note, pointer(1), nullptr));
}

// wrap(object, data, how): 0 without a finalizer, 1 with one, 2 with one and a reference
napi_value wrap(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const uint32_t how = unsigned_of(env, call[2]);
  if (how < 2)
    return number(env, napi_wrap(env, call[0], pointer(unsigned_of(env, call[1])), how == 1 ? note : nullptr, pointer(2), nullptr));
  // the finalizer deletes the reference, as Node-API wants it
  const auto finalize = [](napi_env its_env, void* data, void* hint) {
    note(its_env, data, hint);
    must(napi_delete_reference(its_env, held), "delete");
  };
  return number(env, napi_wrap(env, call[0], pointer(unsigned_of(env, call[1])), finalize, pointer(3), &held));
}

napi_value unwrap(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  const napi_status status = napi_unwrap(env, Call(env, info)[0], &data);
  return list(env, {number(env, status), number(env, value_of(data))});
}

napi_value remove_wrap(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  const napi_status status = napi_remove_wrap(env, Call(env, info)[0], &data);
  return list(env, {number(env, status), number(env, value_of(data))});
}

napi_value external(napi_env env, napi_callback_info info) {
  napi_value result = nullptr;
  must(napi_create_external(env, pointer(unsigned_of(env, Call(env, info)[0])), note, pointer(4), &result), "external");
  return result;
}

napi_value external_value(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  must(napi_get_value_external(env, Call(env, info)[0], &data), "external value");
  return number(env, value_of(data));
}

// tag(object, lower, upper), hasTag(object, lower, upper)
napi_value tag(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const napi_type_tag given = {unsigned_of(env, call[1]), unsigned_of(env, call[2])};
  return number(env, napi_type_tag_object(env, call[0], &given));
}

napi_value has_tag(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const napi_type_tag asked = {unsigned_of(env, call[1]), unsigned_of(env, call[2])};
  bool is = false;
  must(napi_check_object_type_tag(env, call[0], &asked, &is), "check");
  return boolean(env, is);
}

// At the end of the environment: the data of the instance, and a hook, say so.
napi_value at_end(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  void* data = nullptr;
  must(napi_get_instance_data(env, &data), "get");
  const auto say = [](napi_env, void* its_data, void*) {
    printf("end: instance data %u\n", value_of(its_data));
    fflush(stdout);
  };
  must(napi_set_instance_data(env, pointer(unsigned_of(env, call[0])), say, nullptr), "set");
  // a hook may be added once
  for (const uintptr_t hook : data == nullptr ? std::vector<uintptr_t>{1, 2, 3} : std::vector<uintptr_t>{}) {
    const auto call_hook = [](void* argument) {
      printf("end: hook %u\n", value_of(argument));
      fflush(stdout);
    };
    must(napi_add_env_cleanup_hook(env, call_hook, reinterpret_cast<void*>(hook)), "hook");
    if (hook == 2) must(napi_remove_env_cleanup_hook(env, call_hook, reinterpret_cast<void*>(hook)), "hook");
  }
  return number(env, value_of(data));
}

// An object that lives until the end: what its finalizer may still do there.
napi_value end_of(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const auto finalize = [](napi_env its_env, void*, void*) {
    void* data = nullptr;
    napi_value made = nullptr;
    const napi_status instance = napi_get_instance_data(its_env, &data);
    const napi_status script = napi_throw_error(its_env, nullptr, "too late");
    printf("end: finalizer %d %d %d\n", instance, napi_create_object(its_env, &made), script);
    fflush(stdout);
  };
  must(napi_add_finalizer(env, call[0], nullptr, finalize, nullptr, nullptr), "finalizer");
  return nullptr;
}

// A finalizer that calls JavaScript.
napi_value calls_back(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_ref function = nullptr;
  must(napi_create_reference(env, call[1], 1, &function), "reference");
  const auto finalize = [](napi_env its_env, void* data, void*) {
    auto* its_function = static_cast<napi_ref>(data);
    napi_value callee = nullptr;
    napi_value self = nullptr;
    must(napi_get_reference_value(its_env, its_function, &callee), "value");
    must(napi_get_undefined(its_env, &self), "undefined");
    must(napi_call_function(its_env, self, callee, 0, nullptr, nullptr), "call");
    must(napi_delete_reference(its_env, its_function), "delete");
  };
  must(napi_add_finalizer(env, call[0], function, finalize, nullptr, nullptr), "finalizer");
  return nullptr;
}

}  // namespace

void add_references(napi_env env, napi_value exports) {
  add(env, exports, "reference", reference);
  add(env, exports, "up", up);
  add(env, exports, "down", down);
  add(env, exports, "referred", referred);
  add(env, exports, "drop", drop);
  add(env, exports, "finalized", take_finalized);
  add(env, exports, "addFinalizer", add_finalizer);
  add(env, exports, "wrap", wrap);
  add(env, exports, "unwrap", unwrap);
  add(env, exports, "removeWrap", remove_wrap);
  add(env, exports, "external", external);
  add(env, exports, "externalValue", external_value);
  add(env, exports, "tag", tag);
  add(env, exports, "hasTag", has_tag);
  add(env, exports, "atEnd", at_end);
  add(env, exports, "endOf", end_of);
  add(env, exports, "callsBack", calls_back);
}

}  // namespace probe
