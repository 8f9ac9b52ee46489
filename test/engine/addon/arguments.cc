// What functions answer to arguments that are missing or of another kind.
#include "addon.h"

namespace probe {
namespace {

// Every function with a null pointer for one argument after the other: [name, status...].
napi_value nulls(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value o = call[0];
  napi_value f = call[1];
  napi_value r = nullptr;
  napi_valuetype type = napi_undefined;
  bool b = false;
  double d = 0;
  int32_t i = 0;
  uint32_t u = 0;
  int64_t l = 0;
  uint64_t w = 0;
  size_t n = 0;
  void* p = nullptr;
  napi_ref ref = nullptr;
  napi_handle_scope scope = nullptr;
  napi_deferred deferred = nullptr;
  const napi_extended_error_info* error = nullptr;
  const napi_property_descriptor property = {"x", nullptr, nullptr, nullptr, nullptr, o, napi_default, nullptr};
  const napi_type_tag tag = {1, 2};
  const auto callback = [](napi_env, napi_callback_info) -> napi_value { return nullptr; };
  const auto finalize = [](napi_env, void*, void*) {};
  std::vector<napi_value> rows;
  const auto row = [&](const char* name, std::initializer_list<napi_status> statuses) {
    bool pending = false;
    must(napi_is_exception_pending(env, &pending), "pending");
    if (pending) must(napi_generic_failure, name);
    std::vector<napi_value> cells = {text(env, name)};
    for (const auto status : statuses) cells.push_back(number(env, status));
    rows.push_back(list(env, cells));
  };
#define ROW(name, ...) row(#name, {__VA_ARGS__})
  ROW(napi_get_undefined, napi_get_undefined(nullptr, &r), napi_get_undefined(env, nullptr));
  ROW(napi_get_null, napi_get_null(nullptr, &r), napi_get_null(env, nullptr));
  ROW(napi_get_global, napi_get_global(nullptr, &r), napi_get_global(env, nullptr));
  ROW(napi_get_boolean, napi_get_boolean(nullptr, true, &r), napi_get_boolean(env, true, nullptr));
  ROW(napi_create_object, napi_create_object(nullptr, &r), napi_create_object(env, nullptr));
  ROW(napi_create_array, napi_create_array(nullptr, &r), napi_create_array(env, nullptr));
  ROW(napi_create_array_with_length, napi_create_array_with_length(env, 1, nullptr));
  ROW(napi_create_double, napi_create_double(nullptr, 1, &r), napi_create_double(env, 1, nullptr));
  ROW(napi_create_int32, napi_create_int32(env, 1, nullptr));
  ROW(napi_create_uint32, napi_create_uint32(env, 1, nullptr));
  ROW(napi_create_int64, napi_create_int64(env, 1, nullptr));
  ROW(napi_create_bigint_int64, napi_create_bigint_int64(env, 1, nullptr));
  ROW(napi_create_bigint_uint64, napi_create_bigint_uint64(env, 1, nullptr));
  ROW(napi_create_bigint_words, napi_create_bigint_words(env, 0, 1, nullptr, &r), napi_create_bigint_words(env, 0, 1, &w, nullptr));
  ROW(napi_create_string_utf8, napi_create_string_utf8(env, nullptr, 1, &r), napi_create_string_utf8(env, "", 0, nullptr),
      napi_create_string_utf8(env, nullptr, NAPI_AUTO_LENGTH, &r), napi_create_string_utf8(env, "", size_t{1} << 31, &r));
  ROW(napi_create_string_latin1, napi_create_string_latin1(env, nullptr, 1, &r), napi_create_string_latin1(env, "", 0, nullptr));
  ROW(napi_create_string_utf16, napi_create_string_utf16(env, nullptr, 1, &r), napi_create_string_utf16(env, u"", 0, nullptr));
  ROW(napi_create_symbol, napi_create_symbol(env, nullptr, nullptr));
  ROW(node_api_symbol_for, node_api_symbol_for(env, nullptr, 1, &r), node_api_symbol_for(env, "x", 1, nullptr));
  ROW(napi_create_function, napi_create_function(env, "f", 1, nullptr, nullptr, &r),
      napi_create_function(env, "f", 1, callback, nullptr, nullptr));
  ROW(napi_create_error, napi_create_error(env, nullptr, nullptr, &r), napi_create_error(env, nullptr, o, nullptr));
  ROW(napi_throw, napi_throw(env, nullptr));
  ROW(napi_throw_error, napi_throw_error(env, nullptr, nullptr));
  ROW(napi_is_error, napi_is_error(env, nullptr, &b), napi_is_error(env, o, nullptr));
  ROW(napi_is_exception_pending, napi_is_exception_pending(nullptr, &b), napi_is_exception_pending(env, nullptr));
  ROW(napi_get_and_clear_last_exception, napi_get_and_clear_last_exception(env, nullptr));
  ROW(napi_get_last_error_info, napi_get_last_error_info(nullptr, &error), napi_get_last_error_info(env, nullptr));
  ROW(napi_typeof, napi_typeof(nullptr, o, &type), napi_typeof(env, nullptr, &type), napi_typeof(env, o, nullptr));
  ROW(napi_get_value_double, napi_get_value_double(env, nullptr, &d), napi_get_value_double(env, o, nullptr));
  ROW(napi_get_value_int32, napi_get_value_int32(env, nullptr, &i), napi_get_value_int32(env, o, nullptr));
  ROW(napi_get_value_uint32, napi_get_value_uint32(env, nullptr, &u), napi_get_value_uint32(env, o, nullptr));
  ROW(napi_get_value_int64, napi_get_value_int64(env, nullptr, &l), napi_get_value_int64(env, o, nullptr));
  ROW(napi_get_value_bool, napi_get_value_bool(env, nullptr, &b), napi_get_value_bool(env, o, nullptr));
  ROW(napi_get_value_bigint_int64, napi_get_value_bigint_int64(env, nullptr, &l, &b), napi_get_value_bigint_int64(env, o, nullptr, &b),
      napi_get_value_bigint_int64(env, o, &l, nullptr));
  ROW(napi_get_value_bigint_words, napi_get_value_bigint_words(env, nullptr, &i, &n, &w),
      napi_get_value_bigint_words(env, o, &i, nullptr, &w));
  ROW(napi_get_value_string_utf8, napi_get_value_string_utf8(env, nullptr, nullptr, 0, &n));
  ROW(napi_get_value_external, napi_get_value_external(env, nullptr, &p), napi_get_value_external(env, o, nullptr));
  ROW(napi_coerce_to_bool, napi_coerce_to_bool(env, nullptr, &r), napi_coerce_to_bool(env, o, nullptr));
  ROW(napi_coerce_to_number, napi_coerce_to_number(env, nullptr, &r), napi_coerce_to_number(env, o, nullptr));
  ROW(napi_coerce_to_string, napi_coerce_to_string(env, nullptr, &r), napi_coerce_to_string(env, o, nullptr));
  ROW(napi_coerce_to_object, napi_coerce_to_object(env, nullptr, &r), napi_coerce_to_object(env, o, nullptr));
  ROW(napi_get_prototype, napi_get_prototype(env, nullptr, &r), napi_get_prototype(env, o, nullptr));
  ROW(napi_get_property_names, napi_get_property_names(env, nullptr, &r), napi_get_property_names(env, o, nullptr));
  ROW(napi_set_property, napi_set_property(env, nullptr, o, o), napi_set_property(env, o, nullptr, o),
      napi_set_property(env, o, o, nullptr));
  ROW(napi_has_property, napi_has_property(env, nullptr, o, &b), napi_has_property(env, o, nullptr, &b),
      napi_has_property(env, o, o, nullptr));
  ROW(napi_get_property, napi_get_property(env, nullptr, o, &r), napi_get_property(env, o, nullptr, &r),
      napi_get_property(env, o, o, nullptr));
  ROW(napi_delete_property, napi_delete_property(env, nullptr, o, &b), napi_delete_property(env, o, nullptr, &b));
  ROW(napi_has_own_property, napi_has_own_property(env, nullptr, o, &b), napi_has_own_property(env, o, nullptr, &b),
      napi_has_own_property(env, o, o, nullptr));
  ROW(napi_set_named_property, napi_set_named_property(env, nullptr, "x", o), napi_set_named_property(env, o, nullptr, o),
      napi_set_named_property(env, o, "x", nullptr));
  ROW(napi_has_named_property, napi_has_named_property(env, nullptr, "x", &b), napi_has_named_property(env, o, nullptr, &b),
      napi_has_named_property(env, o, "x", nullptr));
  ROW(napi_get_named_property, napi_get_named_property(env, nullptr, "x", &r), napi_get_named_property(env, o, nullptr, &r),
      napi_get_named_property(env, o, "x", nullptr));
  ROW(napi_set_element, napi_set_element(env, nullptr, 0, o), napi_set_element(env, o, 0, nullptr));
  ROW(napi_has_element, napi_has_element(env, nullptr, 0, &b), napi_has_element(env, o, 0, nullptr));
  ROW(napi_get_element, napi_get_element(env, nullptr, 0, &r), napi_get_element(env, o, 0, nullptr));
  ROW(napi_delete_element, napi_delete_element(env, nullptr, 0, &b));
  ROW(napi_define_properties, napi_define_properties(env, nullptr, 1, &property), napi_define_properties(env, o, 1, nullptr));
  ROW(napi_is_array, napi_is_array(env, nullptr, &b), napi_is_array(env, o, nullptr));
  ROW(napi_get_array_length, napi_get_array_length(env, nullptr, &u), napi_get_array_length(env, o, nullptr));
  ROW(napi_strict_equals, napi_strict_equals(env, nullptr, o, &b), napi_strict_equals(env, o, nullptr, &b),
      napi_strict_equals(env, o, o, nullptr));
  ROW(napi_call_function, napi_call_function(env, nullptr, f, 0, nullptr, &r), napi_call_function(env, o, nullptr, 0, nullptr, &r),
      napi_call_function(env, o, f, 1, nullptr, &r));
  ROW(napi_new_instance, napi_new_instance(env, nullptr, 0, nullptr, &r), napi_new_instance(env, f, 1, nullptr, &r),
      napi_new_instance(env, f, 0, nullptr, nullptr));
  ROW(napi_instanceof, napi_instanceof(env, nullptr, f, &b), napi_instanceof(env, o, nullptr, &b), napi_instanceof(env, o, f, nullptr));
  ROW(napi_get_cb_info, napi_get_cb_info(env, nullptr, &n, nullptr, nullptr, nullptr),
      napi_get_cb_info(env, info, nullptr, &r, nullptr, nullptr));
  ROW(napi_get_new_target, napi_get_new_target(env, nullptr, &r), napi_get_new_target(env, info, nullptr));
  ROW(napi_define_class, napi_define_class(env, nullptr, 0, callback, nullptr, 0, nullptr, &r),
      napi_define_class(env, "C", 1, nullptr, nullptr, 0, nullptr, &r), napi_define_class(env, "C", 1, callback, nullptr, 1, nullptr, &r),
      napi_define_class(env, "C", 1, callback, nullptr, 0, nullptr, nullptr));
  ROW(napi_wrap, napi_wrap(env, nullptr, &n, nullptr, nullptr, nullptr), napi_wrap(env, o, &n, nullptr, nullptr, &ref));
  ROW(napi_unwrap, napi_unwrap(env, nullptr, &p), napi_unwrap(env, o, nullptr), napi_unwrap(env, o, &p));
  ROW(napi_remove_wrap, napi_remove_wrap(env, nullptr, &p), napi_remove_wrap(env, o, &p));
  ROW(napi_create_external, napi_create_external(env, nullptr, nullptr, nullptr, nullptr));
  ROW(napi_type_tag_object, napi_type_tag_object(env, nullptr, &tag), napi_type_tag_object(env, o, nullptr));
  ROW(napi_check_object_type_tag, napi_check_object_type_tag(env, nullptr, &tag, &b), napi_check_object_type_tag(env, o, nullptr, &b),
      napi_check_object_type_tag(env, o, &tag, nullptr));
  ROW(napi_create_reference, napi_create_reference(env, nullptr, 1, &ref), napi_create_reference(env, o, 1, nullptr));
  ROW(napi_delete_reference, napi_delete_reference(env, nullptr));
  ROW(napi_reference_ref, napi_reference_ref(env, nullptr, &u));
  ROW(napi_reference_unref, napi_reference_unref(env, nullptr, &u));
  ROW(napi_get_reference_value, napi_get_reference_value(env, nullptr, &r));
  ROW(napi_add_finalizer, napi_add_finalizer(env, nullptr, nullptr, finalize, nullptr, nullptr),
      napi_add_finalizer(env, o, nullptr, nullptr, nullptr, nullptr));
  ROW(napi_open_handle_scope, napi_open_handle_scope(nullptr, &scope), napi_open_handle_scope(env, nullptr));
  ROW(napi_close_handle_scope, napi_close_handle_scope(env, nullptr));
  ROW(napi_open_escapable_handle_scope, napi_open_escapable_handle_scope(env, nullptr));
  ROW(napi_escape_handle, napi_escape_handle(env, nullptr, o, &r));
  ROW(napi_create_arraybuffer, napi_create_arraybuffer(env, 1, &p, nullptr));
  ROW(napi_is_arraybuffer, napi_is_arraybuffer(env, nullptr, &b), napi_is_arraybuffer(env, o, nullptr));
  ROW(napi_get_arraybuffer_info, napi_get_arraybuffer_info(env, nullptr, &p, &n), napi_get_arraybuffer_info(env, o, &p, &n));
  ROW(napi_is_typedarray, napi_is_typedarray(env, nullptr, &b), napi_is_typedarray(env, o, nullptr));
  ROW(napi_create_typedarray, napi_create_typedarray(env, napi_int8_array, 1, nullptr, 0, &r),
      napi_create_typedarray(env, napi_int8_array, 1, o, 0, nullptr), napi_create_typedarray(env, napi_int8_array, 1, o, 0, &r));
  ROW(napi_get_typedarray_info, napi_get_typedarray_info(env, nullptr, nullptr, &n, &p, &r, &n),
      napi_get_typedarray_info(env, o, nullptr, &n, &p, &r, &n));
  ROW(napi_create_dataview, napi_create_dataview(env, 1, nullptr, 0, &r), napi_create_dataview(env, 1, o, 0, nullptr));
  ROW(napi_is_dataview, napi_is_dataview(env, nullptr, &b), napi_is_dataview(env, o, nullptr));
  ROW(napi_get_dataview_info, napi_get_dataview_info(env, nullptr, &n, &p, &r, &n), napi_get_dataview_info(env, o, &n, &p, &r, &n));
  ROW(napi_detach_arraybuffer, napi_detach_arraybuffer(env, nullptr));
  ROW(napi_is_detached_arraybuffer, napi_is_detached_arraybuffer(env, nullptr, &b), napi_is_detached_arraybuffer(env, o, nullptr));
  ROW(napi_create_promise, napi_create_promise(env, nullptr, &r), napi_create_promise(env, &deferred, nullptr));
  ROW(napi_is_promise, napi_is_promise(env, nullptr, &b), napi_is_promise(env, o, nullptr));
  ROW(napi_create_date, napi_create_date(env, 0, nullptr));
  ROW(napi_is_date, napi_is_date(env, nullptr, &b), napi_is_date(env, o, nullptr));
  ROW(napi_get_date_value, napi_get_date_value(env, nullptr, &d), napi_get_date_value(env, o, nullptr));
  ROW(napi_run_script, napi_run_script(env, nullptr, &r), napi_run_script(env, o, nullptr));
  ROW(napi_get_instance_data, napi_get_instance_data(nullptr, &p), napi_get_instance_data(env, nullptr));
  ROW(napi_get_version, napi_get_version(nullptr, &u), napi_get_version(env, nullptr));
  ROW(napi_adjust_external_memory, napi_adjust_external_memory(env, 1, nullptr));
  ROW(napi_get_all_property_names,
      napi_get_all_property_names(env, nullptr, napi_key_own_only, napi_key_all_properties, napi_key_keep_numbers, &r),
      napi_get_all_property_names(env, o, napi_key_own_only, napi_key_all_properties, napi_key_keep_numbers, nullptr),
      napi_get_all_property_names(env, o, static_cast<napi_key_collection_mode>(9), napi_key_all_properties, napi_key_keep_numbers, &r),
      napi_get_all_property_names(env, o, napi_key_own_only, napi_key_all_properties, static_cast<napi_key_conversion>(9), &r));
#undef ROW
  return list(env, rows);
}

// What is asked of a value of another kind: {name: [status, message of the last error, whether that has the same status,
// whether something was thrown]}.
napi_value kinds(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value v = call[0];
  bool b = false;
  double d = 0;
  int32_t i = 0;
  uint32_t u = 0;
  int64_t l = 0;
  uint64_t w = 0;
  size_t n = 1;
  void* p = nullptr;
  char buffer[2];
  napi_value r = nullptr;
  napi_value result = object(env, {});
  const auto tell = [&](const char* name, napi_status status) {
    const napi_extended_error_info* error = nullptr;
    must(napi_get_last_error_info(env, &error), "napi_get_last_error_info");
    const char* message = error->error_message;
    const bool same = error->error_code == status;
    bool pending = false;
    must(napi_is_exception_pending(env, &pending), "pending");
    napi_value thrown = nullptr;
    if (pending) must(napi_get_and_clear_last_exception(env, &thrown), "exception");
    napi_value told = list(env, {number(env, status), text(env, message), boolean(env, same), boolean(env, pending)});
    must(napi_set_named_property(env, result, name, told), "napi_set_named_property");
  };
  tell("bool", napi_get_value_bool(env, v, &b));
  tell("double", napi_get_value_double(env, v, &d));
  tell("int32", napi_get_value_int32(env, v, &i));
  tell("uint32", napi_get_value_uint32(env, v, &u));
  tell("int64", napi_get_value_int64(env, v, &l));
  tell("bigint int64", napi_get_value_bigint_int64(env, v, &l, &b));
  tell("bigint uint64", napi_get_value_bigint_uint64(env, v, &w, &b));
  tell("bigint words", napi_get_value_bigint_words(env, v, &i, &n, &w));
  tell("utf8", napi_get_value_string_utf8(env, v, buffer, sizeof buffer, &n));
  tell("latin1", napi_get_value_string_latin1(env, v, buffer, sizeof buffer, &n));
  tell("external", napi_get_value_external(env, v, &p));
  tell("array length", napi_get_array_length(env, v, &u));
  tell("date", napi_get_date_value(env, v, &d));
  tell("detach", napi_detach_arraybuffer(env, v));
  tell("named property", napi_get_named_property(env, v, "x", &r));
  tell("set named property", napi_set_named_property(env, v, "x", v));
  tell("own property", napi_has_own_property(env, v, v, &b));
  tell("property names", napi_get_property_names(env, v, &r));
  tell("to object", napi_coerce_to_object(env, v, &r));
  tell("call", napi_call_function(env, v, v, 0, nullptr, &r));
  tell("new", napi_new_instance(env, v, 0, nullptr, &r));
  tell("error", napi_create_error(env, v, v, &r));
  tell("symbol", napi_create_symbol(env, v, &r));
  tell("script", napi_run_script(env, v, &r));
  return result;
}

}  // namespace

void add_arguments(napi_env env, napi_value exports) {
  add(env, exports, "nulls", nulls);
  add(env, exports, "kinds", kinds);
}

}  // namespace probe
