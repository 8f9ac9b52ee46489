#include "init/steps.h"

#include "init/begin.h"
#include "ns/join.h"
#include "ns/loopback.h"
#include "ns/pid.h"
#include "ns/time.h"
#include "ns/unshare.h"
#include "ns/user.h"
#include "ns/uts.h"
#include "process/process.h"
#include "rootfs/rootfs.h"
#include "seccomp/load.h"

namespace tsrun {
namespace {

struct Entry {
  std::string_view op;
  StepFunction function;
};

constexpr Entry kSteps[] = {
    {"mount", mount},
    {"join", join},
    {"joinRest", join_rest},
    {"joinProcess", join_process},
    {"unshare", unshare_namespaces},
    {"idmap", idmap},
    {"becomeRoot", become_root},
    {"timeOffsets", time_offsets},
    {"fork", fork_stage},
    {"pidNamespace", pid_namespace},
    {"forget", forget},
    {"enterPidNamespace", enter_pid_namespace},
    {"loopback", loopback},
    {"hostname", hostname},
    {"domainname", domainname},
    {"propagation", propagation},
    {"root", root},
    {"device", device},
    {"bindDevice", bind_device},
    {"symlink", symlink},
    {"console", console},
    {"mask", mask},
    {"readonlyPath", readonly_path},
    {"sysctl", sysctl},
    {"makeDirectory", make_directory},
    {"pivotRoot", pivot_root},
    {"moveRoot", move_root},
    {"chroot", chroot},
    {"rootPropagation", root_propagation},
    {"rootReadonly", root_readonly},
    {"currentRoot", current_root},
    {"undumpable", undumpable},
    {"session", session},
    {"affinity", affinity},
    {"keyring", keyring},
    {"rlimit", rlimit},
    {"personality", personality},
    {"memoryPolicy", memory_policy},
    {"scheduler", scheduler},
    {"ioPriority", io_priority},
    {"apparmor", apparmor},
    {"selinux", selinux},
    {"home", home},
    {"bounding", bounding},
    {"user", user},
    {"capabilities", capabilities},
    {"capset", capset},
    {"cwd", cwd},
    {"noNewPrivileges", no_new_privileges},
    {"program", program},
    {"hook", hook},
    {"filter", filter},
    {"seccomp", seccomp},
    {"ask", ask},
    {"ready", ready},
    {"begin", begin},
    {"seal", seal},
    {"exec", exec},
    {"fail", fail},
};

}  // namespace

StepFunction step_of(std::string_view op) {
  for (const auto& entry : kSteps) {
    if (entry.op == op) return entry.function;
  }
  return nullptr;
}

}  // namespace tsrun
