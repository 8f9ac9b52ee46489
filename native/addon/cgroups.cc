// Cgroups for TypeScript: what plain files cannot do.
#include <fcntl.h>

#include "addon/values.h"
#include "cgroups/device_filter.h"
#include "cgroups/events.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

void attach_filter(const Info& info) {
  const auto cgroup = static_cast<int>(number_at(info, 0));
  if (!info[1].IsTypedArray()) throw Napi::TypeError::New(info.Env(), "argument 1: instructions expected");
  const auto bytes = info[1].As<Napi::Uint8Array>();
  check(info.Env(), attach_device_filter(cgroup, {bytes.Data(), bytes.ByteLength()}));
}

Napi::Value open_cgroup(const Info& info) {
  const auto path = text_at(info, 0);
  const int fd = open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) throw error_of(info.Env(), failed("open cgroup", path));
  return Napi::Number::New(info.Env(), fd);
}

Napi::Value wait_event(const Info& info) {
  auto happened = wait_cgroup_event(text_at(info, 0), text_at(info, 1), bool_at(info, 2), static_cast<int>(number_at(info, 3)));
  check(info.Env(), happened.status());
  return Napi::Boolean::New(info.Env(), *happened);
}

Napi::Value read_changed_files(const Info& info) {
  if (!info[0].IsObject()) throw Napi::TypeError::New(info.Env(), "argument 0: an object expected");
  const auto request = info[0].As<Napi::Object>();
  auto texts = read_changed(descriptors_of(request, "files"), static_cast<int>(number_of(request, "timeout")));
  check(info.Env(), texts.status());
  auto list = Napi::Array::New(info.Env(), texts->size());
  for (uint32_t at = 0; at < texts->size(); at++) {
    const auto& text = (*texts)[at];
    list.Set(at, text ? Napi::Value(Napi::String::New(info.Env(), *text)) : info.Env().Null());
  }
  return list;
}

}  // namespace

void register_cgroups(Napi::Env env, Napi::Object exports) {
  exports.Set("attachDeviceFilter", Napi::Function::New<attach_filter>(env, "attachDeviceFilter"));
  exports.Set("openCgroup", Napi::Function::New<open_cgroup>(env, "openCgroup"));
  exports.Set("waitCgroupEvent", Napi::Function::New<wait_event>(env, "waitCgroupEvent"));
  exports.Set("readChanged", Napi::Function::New<read_changed_files>(env, "readChanged"));
}

}  // namespace tsrun
