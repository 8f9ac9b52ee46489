// tsrun-init for TypeScript: make it, and what it is handed.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "addon/values.h"
#include "base/sockets_host.h"
#include "base/syscalls.h"
#include "ns/idmap_host.h"
#include "ns/spawn_host.h"
#include "rootfs/device_host.h"
#include "rootfs/tree_host.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

constexpr unsigned long kNsGetNstype = 0xb703;  // NS_GET_NSTYPE (man 2 ioctl_ns)

Napi::Value number(Napi::Env env, int64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

Napi::Value give(const Info& info, Result<Fd> fd) {
  check(info.Env(), fd.status());
  return number(info.Env(), fd->release());
}

Napi::Value spawn(const Info& info) {
  const auto object = info[0].As<Napi::Object>();
  SpawnRequest request;
  request.init = {text_of(object, "init"), text_of(object, "self")};
  request.plan = text_of(object, "plan");
  request.slots = descriptors_of(object, "slots");
  request.flags = static_cast<uint64_t>(number_of(object, "flags"));
  request.cgroup = static_cast<int>(number_of(object, "cgroup"));
  request.preserved = static_cast<unsigned>(number_of(object, "preserved"));
  request.inherited = descriptors_of(object, "inherited");
  const auto stdio = descriptors_of(object, "stdio");
  for (size_t fd = 0; fd < 3 && fd < stdio.size(); fd++) request.stdio[fd] = stdio[fd];
  request.trace = object.Get("trace").ToBoolean().Value();
  auto spawned = spawn_init(request);
  check(info.Env(), spawned.status());
  auto result = Napi::Object::New(info.Env());
  result.Set("pid", number(info.Env(), spawned->pid));
  result.Set("pidfd", number(info.Env(), spawned->pidfd.release()));
  result.Set("sync", number(info.Env(), spawned->sync.release()));
  result.Set("exe", std::to_string(spawned->exe_device) + ":" + std::to_string(spawned->exe_inode));
  return result;
}

Napi::Value open_namespace(const Info& info) {
  const auto path = text_at(info, 0);
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) throw error_of(info.Env(), failed("open the namespace", path));
  const int kind = ioctl(fd.get(), kNsGetNstype);
  if (kind < 0) throw error_of(info.Env(), Status(EINVAL, "not a namespace:", path));
  if (kind != number_at(info, 1)) throw error_of(info.Env(), Status(EINVAL, "a namespace of another kind:", path));
  return number(info.Env(), fd.release());
}

Napi::Value make_tree(const Info& info) {
  TreeRequest request;
  request.source = text_at(info, 0);
  request.recursive = bool_at(info, 1);
  request.propagation = static_cast<uint64_t>(number_at(info, 2));
  request.user_namespace = static_cast<int>(number_at(info, 3));
  request.idmap_recursive = bool_at(info, 4);
  return give(info, open_tree(request));
}

Napi::Value make_device(const Info& info) {
  if (!info[0].IsObject()) throw Napi::TypeError::New(info.Env(), "argument 0: an object expected");
  const auto object = info[0].As<Napi::Object>();
  NodeRequest request;
  request.type = text_of(object, "type") == "b" ? S_IFBLK : S_IFCHR;
  request.number = makedev(static_cast<unsigned>(number_of(object, "major")), static_cast<unsigned>(number_of(object, "minor")));
  request.mode = static_cast<mode_t>(number_of(object, "mode"));
  request.uid = static_cast<uid_t>(number_of(object, "uid"));
  request.gid = static_cast<gid_t>(number_of(object, "gid"));
  request.source = text_of(object, "path");
  return give(info, make_node(request));
}

void map_tree(const Info& info) {
  check(info.Env(), give_mappings(static_cast<int>(number_at(info, 0)), static_cast<int>(number_at(info, 1)), bool_at(info, 2)));
}

IdMaps id_maps_at(const Info& info, size_t index) {
  IdMaps maps;
  maps.uid_map = text_at(info, index);
  maps.gid_map = text_at(info, index + 1);
  return maps;
}

Napi::Value make_namespace(const Info& info) { return give(info, make_user_namespace(id_maps_at(info, 0))); }

void write_maps(const Info& info) {
  auto maps = id_maps_at(info, 1);
  maps.deny_setgroups = bool_at(info, 3);
  maps.helpers = bool_at(info, 4);
  check(info.Env(), write_id_maps(static_cast<pid_t>(number_at(info, 0)), maps));
}

Napi::Value listen_socket(const Info& info) { return give(info, listen_at(text_at(info, 0))); }

Napi::Value connect_socket(const Info& info) { return give(info, connect_to_named(text_at(info, 0))); }

Napi::Value socket_pair(const Info& info) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) throw error_of(info.Env(), failed("socketpair"));
  auto result = Napi::Array::New(info.Env(), 2);
  result.Set(0U, number(info.Env(), pair[0]));
  result.Set(1U, number(info.Env(), pair[1]));
  return result;
}

void send_descriptor(const Info& info) {
  Wait wait;
  wait.ends = true;
  if (info[3].IsNumber()) wait.pidfd = static_cast<int>(number_at(info, 3));
  check(info.Env(), send_fd(static_cast<int>(number_at(info, 0)), static_cast<int>(number_at(info, 1)), text_at(info, 2), wait));
}

Napi::Value receive_descriptor(const Info& info) {
  return give(info, receive_fd(static_cast<int>(number_at(info, 0)), static_cast<int>(number_at(info, 1))));
}

Napi::Value peek(const Info& info) {
  siginfo_t ended = {};
  if (waitid(P_PIDFD, static_cast<id_t>(number_at(info, 0)), &ended, WEXITED | WNOHANG | WNOWAIT) != 0) {
    throw error_of(info.Env(), failed("wait for the container's process"));
  }
  if (ended.si_pid == 0) return number(info.Env(), -1);
  return number(info.Env(), ended.si_code == CLD_EXITED ? ended.si_status : 128 + ended.si_status);
}

}  // namespace

void register_init(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto function) { exports.Set(name, Napi::Function::New(env, function, name)); };
  add("spawnInit", spawn);
  add("openNamespace", open_namespace);
  add("makeUserNamespace", make_namespace);
  add("openTree", make_tree);
  add("mapTree", map_tree);
  add("makeDevice", make_device);
  add("writeIdMaps", write_maps);
  add("listen", listen_socket);
  add("connect", connect_socket);
  add("socketPair", socket_pair);
  add("sendFd", send_descriptor);
  add("receiveFd", receive_descriptor);
  add("peek", peek);
}

}  // namespace tsrun
