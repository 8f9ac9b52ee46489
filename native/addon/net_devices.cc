// Network devices for TypeScript (ns/net_device_host.h).
#include "addon/values.h"
#include "ns/net_device_host.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

int int_at(const Info& info, size_t index) { return static_cast<int>(number_at(info, index)); }

std::string hexadecimal(const std::string& bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  return text;
}

Napi::Value open_socket(const Info& info) {
  auto socket = open_rtnetlink(int_at(info, 0));
  check(info.Env(), socket.status());
  return Napi::Number::New(info.Env(), socket->release());
}

Napi::Value find(const Info& info) {
  auto device = find_net_device(int_at(info, 0), text_at(info, 1), int_at(info, 2));
  check(info.Env(), device.status());
  if (!device->has_value()) return info.Env().Null();
  auto object = Napi::Object::New(info.Env());
  object.Set("index", Napi::Number::New(info.Env(), (*device)->index));
  object.Set("name", (*device)->name);
  object.Set("up", Napi::Boolean::New(info.Env(), (*device)->up));
  object.Set("address", hexadecimal((*device)->address));
  return object;
}

Napi::Value addresses(const Info& info) {
  auto found = net_addresses(int_at(info, 0), int_at(info, 1), text_at(info, 2));
  check(info.Env(), found.status());
  auto list = Napi::Array::New(info.Env(), found->size());
  for (uint32_t at = 0; at < found->size(); at++) {
    const auto& address = (*found)[at];
    auto object = Napi::Object::New(info.Env());
    object.Set("family", Napi::Number::New(info.Env(), address.family));
    object.Set("scope", Napi::Number::New(info.Env(), address.scope));
    object.Set("permanent", Napi::Boolean::New(info.Env(), address.permanent));
    auto request = Napi::Uint8Array::New(info.Env(), address.request.size());
    address.request.copy(reinterpret_cast<char*>(request.Data()), address.request.size());
    object.Set("request", request);
    list.Set(at, object);
  }
  return list;
}

void move(const Info& info) {
  if (!info[0].IsObject()) throw Napi::TypeError::New(info.Env(), "argument 0: an object expected");
  const auto request = info[0].As<Napi::Object>();
  NetDeviceMove how;
  how.index = static_cast<int>(number_of(request, "index"));
  how.netns = static_cast<int>(number_of(request, "namespace"));
  how.new_name = text_of(request, "newName");
  how.new_index = static_cast<int>(number_of(request, "newIndex"));
  check(info.Env(), move_net_device(static_cast<int>(number_of(request, "socket")), how, text_of(request, "name")));
}

void add_address(const Info& info) {
  if (!info[2].IsTypedArray()) throw Napi::TypeError::New(info.Env(), "argument 2: bytes expected");
  const auto bytes = info[2].As<Napi::Uint8Array>();
  const std::string request(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  check(info.Env(), add_net_address(int_at(info, 0), int_at(info, 1), request, text_at(info, 3)));
}

void set_up(const Info& info) { check(info.Env(), set_net_device_up(int_at(info, 0), int_at(info, 1), text_at(info, 2))); }

}  // namespace

void register_net_devices(Napi::Env env, Napi::Object exports) {
  exports.Set("openNetlink", Napi::Function::New<open_socket>(env, "openNetlink"));
  exports.Set("netDevice", Napi::Function::New<find>(env, "netDevice"));
  exports.Set("netAddresses", Napi::Function::New<addresses>(env, "netAddresses"));
  exports.Set("moveNetDevice", Napi::Function::New<move>(env, "moveNetDevice"));
  exports.Set("addNetAddress", Napi::Function::New<add_address>(env, "addNetAddress"));
  exports.Set("setNetDeviceUp", Napi::Function::New<set_up>(env, "setNetDeviceUp"));
}

}  // namespace tsrun
