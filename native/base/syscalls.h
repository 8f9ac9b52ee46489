// Thin wrappers for system calls that the C library lacks: same names and arguments as in their man pages, errno set on
// failure. Everything here exists since Linux 5.14 at the latest unless a comment says otherwise.
#pragma once

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

// The C library's headers are older than the kernel's: what they leave out.
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif

namespace tsrun::sys {

inline constexpr unsigned kMoveMountBeneath = 0x00000200;  // MOVE_MOUNT_BENEATH, Linux 6.5
inline constexpr unsigned kCloseRangeUnshare = 1U << 1;    // CLOSE_RANGE_UNSHARE
inline constexpr unsigned kCloseRangeCloexec = 1U << 2;    // CLOSE_RANGE_CLOEXEC

// --- paths

// man 2 openat2; `resolve` is of RESOLVE_*, `mode` counts with O_CREAT and O_TMPFILE only.
inline int openat2(int directory, const char* path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  open_how how{};
  how.flags = flags;
  how.mode = mode;
  how.resolve = resolve;
  return static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

inline int faccessat2(int directory, const char* path, int mode, int flags) {
  return static_cast<int>(syscall(SYS_faccessat2, directory, path, mode, flags));
}

// --- mounts (man 2 fsopen, open_tree, move_mount, mount_setattr, pivot_root)

// `flags`: OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC and AT_*.
inline int open_tree(int directory, const char* path, unsigned flags) {
  return static_cast<int>(syscall(SYS_open_tree, directory, path, flags));
}

inline int move_mount(int from, const char* from_path, int to, const char* to_path, unsigned flags) {
  return static_cast<int>(syscall(SYS_move_mount, from, from_path, to, to_path, flags));
}

inline int fsopen(const char* type, unsigned flags) { return static_cast<int>(syscall(SYS_fsopen, type, flags)); }

inline int fspick(int directory, const char* path, unsigned flags) { return static_cast<int>(syscall(SYS_fspick, directory, path, flags)); }

// `command` is of FSCONFIG_*.
inline int fsconfig(int fs, unsigned command, const char* key, const void* value, int aux) {
  return static_cast<int>(syscall(SYS_fsconfig, fs, command, key, value, aux));
}

// `attributes` is of MOUNT_ATTR_*.
inline int fsmount(int fs, unsigned flags, unsigned attributes) { return static_cast<int>(syscall(SYS_fsmount, fs, flags, attributes)); }

inline int mount_setattr(int directory, const char* path, unsigned flags, const mount_attr& attributes) {
  return static_cast<int>(syscall(SYS_mount_setattr, directory, path, flags, &attributes, sizeof attributes));
}

// man 2 mount, without the header whose names clash with the kernel's.
inline int mount(const char* source, const char* target, const char* type, unsigned long flags, const void* data) {
  return static_cast<int>(syscall(SYS_mount, source, target, type, flags, data));
}

// `flags`: MNT_DETACH (2), MNT_EXPIRE (4), UMOUNT_NOFOLLOW (8).
inline int umount2(const char* target, int flags) { return static_cast<int>(syscall(SYS_umount2, target, flags)); }

inline int pivot_root(const char* new_root, const char* put_old) { return static_cast<int>(syscall(SYS_pivot_root, new_root, put_old)); }

// --- descriptors

// `flags`: kCloseRangeUnshare, kCloseRangeCloexec.
inline int close_range(unsigned first, unsigned last, unsigned flags) {
  return static_cast<int>(syscall(SYS_close_range, first, last, flags));
}

// --- processes

inline int pidfd_open(pid_t pid, unsigned flags) { return static_cast<int>(syscall(SYS_pidfd_open, pid, flags)); }

inline int pidfd_send_signal(int pidfd, int signal, void* info, unsigned flags) {
  return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal, info, flags));
}

inline int pidfd_getfd(int pidfd, int target, unsigned flags) { return static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, target, flags)); }

// Like fork(2) when `arguments.stack` is 0 and CLONE_VM is not set: returns twice. With CLONE_VM use assembly instead.
inline pid_t clone3(const clone_args& arguments) { return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments)); }

inline int execveat(int directory, const char* path, char* const argv[], char* const envp[], int flags) {
  return static_cast<int>(syscall(SYS_execveat, directory, path, argv, envp, flags));
}

// `attributes` is a struct sched_attr (man 2 sched_setattr), pid 0 the caller.
inline int sched_setattr(pid_t pid, const void* attributes, unsigned flags) {
  return static_cast<int>(syscall(SYS_sched_setattr, pid, attributes, flags));
}

// man 2 ioprio_set; `which` 1 is IOPRIO_WHO_PROCESS, `who` 0 the caller.
inline int ioprio_set(int which, int who, int priority) { return static_cast<int>(syscall(SYS_ioprio_set, which, who, priority)); }

// man 2 keyctl, the calls of up to four arguments.
inline long keyctl(int operation, unsigned long second = 0, unsigned long third = 0, unsigned long fourth = 0) {
  return syscall(SYS_keyctl, operation, second, third, fourth, 0UL);
}

// man 2 add_key, without a payload.
inline long add_key(const char* type, const char* description, int keyring) {
  return syscall(SYS_add_key, type, description, nullptr, 0UL, keyring);
}

inline int seccomp(unsigned operation, unsigned flags, void* arguments) {
  return static_cast<int>(syscall(SYS_seccomp, operation, flags, arguments));
}

// `mask` has bit n for node n; of `max_node` bits the kernel does not look at the last one (get_nodes in mm/mempolicy.c).
inline int set_mempolicy(int mode, const unsigned long* mask, unsigned long max_node) {
  return static_cast<int>(syscall(SYS_set_mempolicy, mode, mask, max_node));
}

}  // namespace tsrun::sys
