// The names of an object's properties.
#include <unordered_set>

#include "engine/env.h"

namespace tsrun::engine {
namespace {

// One object's own names for a moment.
class Names {
 public:
  Names(JSContext* context, JSValueConst object, int flags) : context_(context) {
    failed_ = JS_GetOwnPropertyNames(context, &names_, &count_, object, flags) < 0;
  }
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  ~Names() { JS_FreePropertyEnum(context_, names_, count_); }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const JSPropertyEnum* begin() const { return names_; }
  [[nodiscard]] const JSPropertyEnum* end() const { return names_ + count_; }

 private:
  JSContext* context_;
  JSPropertyEnum* names_ = nullptr;
  uint32_t count_ = 0;
  bool failed_;
};

class Collector {
 public:
  Collector(napi_env env, int filter, bool keep_numbers) : env_(env), filter_(filter), keep_numbers_(keep_numbers) {}
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;
  ~Collector() {
    for (const JSAtom atom : seen_) JS_FreeAtom(env_->context, atom);
  }

  // Adds an object's own names to the list; false with the exception in the context.
  bool add(JSValueConst object, JSValueConst list) {
    int kinds = 0;
    if ((filter_ & napi_key_skip_strings) == 0) kinds |= JS_GPN_STRING_MASK;
    if ((filter_ & napi_key_skip_symbols) == 0) kinds |= JS_GPN_SYMBOL_MASK;
    const Names names(env_->context, object, kinds);
    if (names.failed()) return false;
    for (const auto& name : names) {
      if (!add_one(object, name.atom, list)) return false;
    }
    return true;
  }

 private:
  bool add_one(JSValueConst object, JSAtom name, JSValueConst list) {
    JSContext* context = env_->context;
    JSPropertyDescriptor property;
    const int there = JS_GetOwnProperty(context, &property, object, name);
    if (there <= 0) return there == 0;
    for (const JSValue value : {property.value, property.getter, property.setter}) JS_FreeValue(context, value);
    // a name hides those of the same name further up, even if it is not wanted itself
    if (!seen_.insert(name).second) return true;
    JS_DupAtom(context, name);
    const auto lacks = [&](int wanted, int flag) { return (filter_ & wanted) != 0 && (property.flags & flag) == 0; };
    const bool accessor = (property.flags & JS_PROP_GETSET) != 0;
    if (lacks(napi_key_enumerable, JS_PROP_ENUMERABLE) || lacks(napi_key_configurable, JS_PROP_CONFIGURABLE) ||
        (!accessor && lacks(napi_key_writable, JS_PROP_WRITABLE))) {
      return true;
    }
    JSValue value = JS_AtomToValue(context, name);
    if (!JS_IsSymbol(value)) {
      // an index is one if its number is written as its name is
      if (!keep_numbers_) {
        const Local number(context, value);
        value = JS_ToString(context, number.get());
      } else if (JS_IsString(value)) {
        value = index_of(value);
      }
    }
    return !JS_IsException(value) && JS_DefinePropertyValueUint32(context, list, count_++, value, JS_PROP_C_W_E) >= 0;
  }

  JSValue index_of(JSValue text) {
    JSContext* context = env_->context;
    double number = 0;
    if (JS_ToFloat64(context, &number, text) < 0 || !(number >= 0 && number < 4294967295.0)) return text;
    const Local back(context, JS_NewNumber(context, number));
    const Local printed(context, JS_ToString(context, back.get()));
    if (!JS_IsStrictEqual(context, printed.get(), text)) return text;
    JS_FreeValue(context, text);
    return JS_NewNumber(context, number);
  }

  napi_env env_;
  int filter_;
  bool keep_numbers_;
  uint32_t count_ = 0;
  std::unordered_set<JSAtom> seen_;
};

}  // namespace
}  // namespace tsrun::engine

using tsrun::engine::enter;
using tsrun::engine::Local;

napi_status napi_get_all_property_names(napi_env env, napi_value object, napi_key_collection_mode mode, napi_key_filter filter,
                                        napi_key_conversion conversion, napi_value* result) {
  if (const auto status = enter(env, object, result); status != napi_ok) return status;
  napi_status status = napi_ok;
  JSContext* context = env->context;
  const Local target(context, tsrun::engine::to_object(env, object, &status));
  if (target.failed()) return status;
  if (mode != napi_key_include_prototypes && mode != napi_key_own_only) return env->fail(napi_invalid_arg);
  if (conversion != napi_key_keep_numbers && conversion != napi_key_numbers_to_strings) return env->fail(napi_invalid_arg);
  Local list(context, JS_NewArray(context));
  if (list.failed()) return env->caught();
  tsrun::engine::Collector collector(env, filter, conversion == napi_key_keep_numbers);
  JSValue at = JS_DupValue(context, target.get());
  while (JS_IsObject(at)) {
    const Local here(context, at);
    if (!collector.add(here.get(), list.get())) return env->caught();
    at = mode == napi_key_own_only ? JS_NULL : JS_GetPrototype(context, here.get());
  }
  if (JS_IsException(at)) return env->caught();
  return env->give(list.take(), result);
}

napi_status napi_get_property_names(napi_env env, napi_value object, napi_value* result) {
  return napi_get_all_property_names(env, object, napi_key_include_prototypes,
                                     static_cast<napi_key_filter>(napi_key_enumerable | napi_key_skip_symbols), napi_key_numbers_to_strings,
                                     result);
}
