// The floor: what the kernel needs for create, start, wait and delete of the container that `spec` writes, without a runtime. The same
// steps as tsrun's plan for that config (`tsrun --debug run` lists them), with everything known in advance and nothing checked twice.
//
//   floor ROOTFS CGROUP ROUNDS     prints milliseconds, a line each round
//
// ROOTFS has /true, a static program; CGROUP is a directory of a cgroup2 file system that may be made.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string>

namespace {

// Ends the program with what failed; gives the result otherwise.
long must(long result, const char* what) {
  if (result >= 0) return result;
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  _exit(1);
}

struct Mount {
  const char* type;
  const char* target;
  unsigned attributes;
  std::initializer_list<const char*> options;  // name, value, name, value
};

constexpr unsigned kStrict = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV;

void mount_new(const Mount& wanted, int root) {
  const int context = static_cast<int>(must(syscall(SYS_fsopen, wanted.type, 1U), wanted.type));
  for (const auto* option = wanted.options.begin(); option != wanted.options.end(); option += 2)
    must(syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, option[0], option[1], 0), option[0]);
  must(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), wanted.type);
  const int mount = static_cast<int>(must(syscall(SYS_fsmount, context, 1U, wanted.attributes), "fsmount"));
  mkdirat(root, wanted.target, 0755);
  const int target = static_cast<int>(must(openat(root, wanted.target, O_PATH | O_CLOEXEC), wanted.target));
  must(syscall(SYS_move_mount, mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), wanted.target);
  for (const int fd : {context, mount, target}) close(fd);
}

// Covers a path with a copy of `source`, or of itself, that cannot be written; a path that is not there is left out.
void cover(int root, const char* path, int source) {
  const int target = openat(root, path, O_PATH | O_CLOEXEC);
  if (target < 0) return;
  const int copy = static_cast<int>(must(syscall(SYS_open_tree, source < 0 ? target : source, "", AT_EMPTY_PATH | 1U), path));
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  must(syscall(SYS_mount_setattr, copy, "", AT_EMPTY_PATH, &attributes, sizeof attributes), path);
  must(syscall(SYS_move_mount, copy, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), path);
  close(copy);
  close(target);
}

[[noreturn]] void container(const char* rootfs, int ready, int go) {
  must(unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNS), "unshare");
  must(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "_ses.floor"), "keyctl");
  must(sethostname("floor", 5), "sethostname");
  must(mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr), "propagation");
  must(mount(rootfs, rootfs, nullptr, MS_BIND | MS_REC, nullptr), "root");
  const int root = static_cast<int>(must(open(rootfs, O_PATH | O_CLOEXEC), rootfs));
  const Mount mounts[] = {
      {.type = "proc", .target = "proc", .attributes = kStrict, .options = {}},
      {.type = "tmpfs", .target = "dev", .attributes = MOUNT_ATTR_NOSUID, .options = {"mode", "755", "size", "65536k"}},
      {.type = "devpts", .target = "dev/pts", .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, .options = {"ptmxmode", "0666", "mode", "0620", "gid", "5"}},
      {.type = "tmpfs", .target = "dev/shm", .attributes = kStrict, .options = {"mode", "1777", "size", "65536k"}},
      {.type = "mqueue", .target = "dev/mqueue", .attributes = kStrict, .options = {}},
      {.type = "sysfs", .target = "sys", .attributes = kStrict | MOUNT_ATTR_RDONLY, .options = {}},
      {.type = "cgroup2", .target = "sys/fs/cgroup", .attributes = kStrict | MOUNT_ATTR_RDONLY, .options = {}},
  };
  for (const auto& each : mounts) mount_new(each, root);
  umask(0);
  const struct {
    const char* path;
    unsigned major, minor;
  } devices[] = {{"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7}, {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
  for (const auto& [path, major, minor] : devices) must(mknodat(root, path, S_IFCHR | 0666, makedev(major, minor)), path);
  const char* links[][2] = {{"pts/ptmx", "dev/ptmx"}, {"/proc/self/fd", "dev/fd"}, {"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"}, {"/proc/self/fd/2", "dev/stderr"}};
  for (const auto& [target, path] : links) must(symlinkat(target, root, path), path);
  umask(022);
  must(setsid(), "setsid");
  for (const char* path : {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"}) cover(root, path, -1);
  const int null = static_cast<int>(must(openat(root, "dev/null", O_PATH | O_CLOEXEC), "dev/null"));
  const int context = static_cast<int>(must(syscall(SYS_fsopen, "tmpfs", 1U), "fsopen"));
  must(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), "tmpfs");
  const int empty = static_cast<int>(must(syscall(SYS_fsmount, context, 1U, 0), "fsmount"));
  for (const char* path : {"proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list", "proc/timer_stats", "proc/sched_debug"}) cover(root, path, null);
  for (const char* path : {"proc/acpi", "proc/asound", "proc/scsi", "sys/devices/virtual/powercap", "sys/firmware"}) cover(root, path, empty);
  must(fchdir(root), "fchdir");
  must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", MNT_DETACH), "umount");
  must(chdir("/"), "chdir");
  must(mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), "remount");
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  constexpr uint32_t kKept = 1U << CAP_KILL | 1U << CAP_NET_BIND_SERVICE | 1U << CAP_AUDIT_WRITE;
  for (unsigned capability = 0; capability <= CAP_LAST_CAP; capability++)
    if (capability > 31 || (kKept >> capability & 1U) == 0) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  const rlimit files{.rlim_cur = 1024, .rlim_max = 1024};
  must(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
  must(syscall(SYS_setgroups, 0, nullptr), "setgroups");
  must(syscall(SYS_setresgid, 0, 0, 0), "setresgid");
  must(syscall(SYS_setresuid, 0, 0, 0), "setresuid");
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const __user_cap_data_struct sets[2] = {{.effective = kKept, .permitted = kKept, .inheritable = 0}, {}};
  must(syscall(SYS_capset, &header, sets), "capset");
  const int program = static_cast<int>(must(open("/true", O_PATH | O_CLOEXEC), "/true"));
  char byte = 0;
  must(write(ready, "r", 1), "ready");
  must(read(go, &byte, 1), "go");
  must(static_cast<long>(syscall(SYS_close_range, 3U, ~0U, 4U)), "close_range");
  char name[] = "true";
  char* const words[] = {name, nullptr};
  char* const environment[] = {nullptr};
  must(syscall(SYS_execveat, program, "", words, environment, AT_EMPTY_PATH), "execveat");
  _exit(1);
}

// A device filter of the length of tsrun's for that config, that allows all.
void attach_filter(int cgroup) {
  bpf_insn program[20] = {};
  for (auto& instruction : program) instruction = {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 1};
  program[19] = {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0};
  bpf_attr attribute{};
  attribute.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attribute.insn_cnt = 20;
  attribute.insns = reinterpret_cast<uint64_t>(program);
  attribute.license = reinterpret_cast<uint64_t>("GPL");
  const int loaded = static_cast<int>(must(syscall(SYS_bpf, BPF_PROG_LOAD, &attribute, sizeof attribute), "load the filter"));
  attribute = {};
  attribute.target_fd = static_cast<uint32_t>(cgroup);
  attribute.attach_bpf_fd = static_cast<uint32_t>(loaded);
  attribute.attach_type = BPF_CGROUP_DEVICE;
  attribute.attach_flags = BPF_F_ALLOW_MULTI;
  must(syscall(SYS_bpf, BPF_PROG_ATTACH, &attribute, sizeof attribute), "attach the filter");
  close(loaded);
}

void once(const char* rootfs, const std::string& path) {
  must(mkdir(path.c_str(), 0755), path.c_str());
  const int cgroup = static_cast<int>(must(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), path.c_str()));
  attach_filter(cgroup);
  int ready[2];
  int go[2];
  must(pipe2(ready, O_CLOEXEC), "pipe");
  must(pipe2(go, O_CLOEXEC), "pipe");
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_INTO_CGROUP | CLONE_PIDFD | CLONE_NEWPID;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  args.cgroup = static_cast<uint64_t>(cgroup);
  const long pid = must(syscall(SYS_clone3, &args, sizeof args), "clone3");
  if (pid == 0) container(rootfs, ready[1], go[0]);
  close(ready[1]);
  char byte = 0;
  if (must(read(ready[0], &byte, 1), "ready") == 0) _exit(1);
  must(write(go[1], "g", 1), "go");
  siginfo_t info{};
  must(waitid(static_cast<idtype_t>(3), static_cast<id_t>(pidfd), &info, WEXITED), "waitid");
  if (info.si_status != 0) _exit(1);
  const int kill = static_cast<int>(must(openat(cgroup, "cgroup.kill", O_WRONLY | O_CLOEXEC), "cgroup.kill"));
  must(write(kill, "1", 1), "cgroup.kill");
  for (const int fd : {cgroup, kill, pidfd, ready[0], go[0], go[1]}) close(fd);
  must(rmdir(path.c_str()), "rmdir");
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) {
    fprintf(stderr, "usage: floor ROOTFS CGROUP ROUNDS\n");
    return 2;
  }
  for (int round = 0; round < atoi(words[3]); round++) {
    const auto begin = std::chrono::steady_clock::now();
    once(words[1], std::string(words[2]) + "-" + std::to_string(round));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    printf("%.3f\n", took.count());
  }
  return 0;
}
