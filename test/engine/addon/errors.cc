// Errors, and what is possible while an exception is pending.
#include "addon.h"

namespace probe {
namespace {

// create(kind, code or undefined, message)
napi_value create(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  constexpr decltype(&napi_create_error) kinds[] = {napi_create_error, napi_create_type_error, napi_create_range_error,
                                                    node_api_create_syntax_error};
  napi_value result = nullptr;
  napi_value code = is_undefined(env, call[1]) ? nullptr : call[1];
  const napi_status status = kinds[unsigned_of(env, call[0])](env, code, call[2], &result);
  return status == napi_ok ? result : number(env, status);
}

// raise(kind, with a code)
napi_value raise(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  constexpr decltype(&napi_throw_error) kinds[] = {napi_throw_error, napi_throw_type_error, napi_throw_range_error,
                                                   node_api_throw_syntax_error};
  bool coded = false;
  must(napi_get_value_bool(env, call[1], &coded), "bool");
  must(kinds[unsigned_of(env, call[0])](env, coded ? "CODE" : nullptr, "f\xc3\xbcr immer"), "throw");
  // what is returned is not, then
  return number(env, 1);
}

napi_value throw_value(napi_env env, napi_callback_info info) {
  must(napi_throw(env, Call(env, info)[0]), "throw");
  return nullptr;
}

// pending(function): calls it, and says what calls answer while what it threw is pending.
napi_value pending(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value r = nullptr;
  napi_value made = nullptr;
  napi_value error = nullptr;
  bool before = true;
  bool after = false;
  bool cleared = true;
  double d = 0;
  napi_ref reference = nullptr;
  napi_handle_scope scope = nullptr;
  must(napi_is_exception_pending(env, &before), "pending");
  const napi_status called = napi_call_function(env, call.undefined, call[0], 0, nullptr, &r);
  const napi_extended_error_info* last = nullptr;
  must(napi_get_last_error_info(env, &last), "last error");
  const char* message = last->error_message;
  must(napi_is_exception_pending(env, &after), "pending");
  const napi_status statuses[] = {
      napi_create_object(env, &made),
      napi_get_value_double(env, call[1], &d),
      napi_open_handle_scope(env, &scope),
      napi_close_handle_scope(env, scope),
      napi_create_reference(env, made, 1, &reference),
      napi_delete_reference(env, reference),
      napi_get_property(env, made, call[1], &r),
      napi_set_named_property(env, made, "x", made),
      napi_call_function(env, made, call[0], 0, nullptr, &r),
      napi_coerce_to_string(env, made, &r),
      napi_create_function(env, "f", 1, pending, nullptr, &r),
      napi_throw_error(env, nullptr, "another"),
      napi_wrap(env, made, &d, nullptr, nullptr, nullptr),
      napi_create_promise(env, nullptr, nullptr),
  };
  must(napi_get_and_clear_last_exception(env, &error), "exception");
  must(napi_is_exception_pending(env, &cleared), "pending");
  napi_value none = nullptr;
  must(napi_get_and_clear_last_exception(env, &none), "exception");
  std::vector<napi_value> numbers;
  for (const napi_status status : statuses) numbers.push_back(number(env, status));
  return object(env, {{"called", number(env, called)},
                      {"message", text(env, message)},
                      {"before", boolean(env, before)},
                      {"after", boolean(env, after)},
                      {"cleared", boolean(env, cleared)},
                      {"error", error},
                      {"none", none},
                      {"statuses", list(env, numbers)}});
}

napi_value is_error(napi_env env, napi_callback_info info) {
  bool is = false;
  must(napi_is_error(env, Call(env, info)[0], &is), "is error");
  return boolean(env, is);
}

// The last error is that of the last call, whatever it was.
napi_value last_error(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  double d = 0;
  const napi_extended_error_info* last = nullptr;
  const napi_status wrong = napi_get_value_double(env, call[0], &d);
  must(napi_get_last_error_info(env, &last), "last error");
  // it is one place, which the next call writes to
  const napi_extended_error_info copy = *last;
  napi_value first = list(env, {number(env, wrong), number(env, copy.error_code), number(env, copy.engine_error_code)});
  must(napi_get_last_error_info(env, &last), "last error");
  return list(env, {first, number(env, last->error_code), text(env, last->error_message)});
}

}  // namespace

void add_errors(napi_env env, napi_value exports) {
  add(env, exports, "createError", create);
  add(env, exports, "raise", raise);
  add(env, exports, "throwValue", throw_value);
  add(env, exports, "pending", pending);
  add(env, exports, "isError", is_error);
  add(env, exports, "lastError", last_error);
}

}  // namespace probe
