#include "rootfs/proc_instance.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/receive_fds.h"
#include "base/stack.h"
#include "base/syscalls.h"
#include "process/descriptors.h"

namespace tsrun {
namespace {

constexpr ino_t kProcRoot = 1;  // PROC_ROOT_INO
constexpr int kDetach = 2;      // MNT_DETACH
constexpr uint64_t kRecursivelyPrivate = (1U << 14) | (1U << 18);

Status send_fd(int socket, int fd) {
  char byte = 0;
  iovec data = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) return failed("send a procfs");
  return {};
}

// The errno that was sent, or the descriptor.
Result<Fd> receive_fd(int socket) {
  constexpr std::string_view kDoing = "make a procfs in the container's pid namespace";
  int err = 0;
  auto answer = receive_with_fd(socket, &err, sizeof err, 0, kDoing);
  TSRUN_TRY(answer.status());
  if (!answer->fd.valid()) return Status(answer->length == sizeof err ? err : ECONNRESET, kDoing);
  return std::move(answer->fd);
}

// What the container's processes will see of the one that opens the procfs: a tmpfs without anything in it as its root, in a mount
// namespace where there is nothing else.
Status leave_everything() {
  if (unshare(CLONE_NEWNS) != 0) return failed("unshare the mount namespace");
  if (sys::mount(nullptr, "/", nullptr, kRecursivelyPrivate, nullptr) != 0) return failed("make all mounts private");
  const Fd fs(sys::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!fs.valid() || sys::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return failed("make an empty tmpfs");
  const Fd empty(sys::fsmount(fs.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID));
  if (!empty.valid()) return failed("mount an empty tmpfs");
  // Over the root, and then in its place: no directory is needed for it.
  if (sys::move_mount(empty.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0) return failed("move an empty tmpfs");
  if (fchdir(empty.get()) != 0) return failed("enter an empty tmpfs");
  if (sys::pivot_root(".", ".") != 0) return failed("pivot_root to an empty tmpfs");
  if (sys::umount2(".", kDetach) != 0) return failed("unmount the old root");
  if (chdir("/") != 0) return failed("chdir", "/");
  return {};
}

// Opens one procfs by a child that is in the pid namespace, and has it sent to `socket`.
Status open_in_child(int socket) {
  clone_args request = {};
  // A user namespace of its own: fsopen(2) asks for CAP_SYS_ADMIN over the mount namespace, and over more it shall have none.
  request.flags = CLONE_NEWUSER | CLONE_NEWNS;
  request.exit_signal = SIGCHLD;
  const pid_t pid = sys::clone3(request);
  if (pid < 0) return failed("clone3 into the container's pid namespace");
  if (pid == 0) {
    // Seen by the container's processes from here on. They find an empty root, no descriptor but this socket, no plan, and
    // capabilities in a user namespace to which nothing belongs. They can send something else than a procfs: the receiver looks.
    const Fd fs(sys::fsopen("proc", FSOPEN_CLOEXEC));
    _exit(fs.valid() && send_fd(socket, fs.get()).ok() ? 0 : 1);
  }
  int status = 0;
  while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR) continue;
  if (status != 0) return {ECHILD, "open a procfs in the container's pid namespace"};
  return {};
}

// The helper, which may see the host and is not seen. It ends with the other end of `socket`.
[[noreturn]] void serve(const Context& context, int socket, int pid_namespace) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  bool left = false;
  for (char byte = 0; recv(socket, &byte, 1, 0) == 1;) {
    Status status;
    if (!left) {
      left = true;
      if (setns(pid_namespace, CLONE_NEWPID) != 0) status = failed("join the namespace of type", "pid");
      if (status.ok()) status = leave_everything();
      for (int fd = 0; fd < 3 && status.ok(); fd++) {
        if (fd != socket) close(fd);
      }
      if (status.ok()) status = close_all_but(3, {socket});
      // all of it: what the plan says of the host is still to come
      if (status.ok()) status = context.plan->end();
      if (context.reply != nullptr) munmap(context.reply, context.reply_size);
      forget_stack();
    }
    if (status.ok()) status = open_in_child(socket);
    const int err = status.err();
    if (!status.ok() && send(socket, &err, sizeof err, MSG_NOSIGNAL) < 0) break;
  }
  _exit(0);
}

// Whether the kernel lets whoever mounts a procfs choose the pid namespace that it shows: Linux 6.17, `pidns`
// (Documentation/filesystems/proc.rst).
bool takes_namespace(int pid_namespace) {
  const Fd fs(sys::fsopen("proc", FSOPEN_CLOEXEC));
  return fs.valid() && sys::fsconfig(fs.get(), FSCONFIG_SET_FD, "pidns", nullptr, pid_namespace) == 0;
}

}  // namespace

Status prepare_proc_instance(Context& context, int pid_namespace) {
  context.pid_namespace = pid_namespace;
  if (takes_namespace(pid_namespace)) return {};
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return failed("socketpair");
  context.procfs.reset(pair[0]);
  const Fd theirs(pair[1]);
  clone_args request = {};
  request.exit_signal = SIGCHLD;
  const pid_t pid = sys::clone3(request);
  if (pid < 0) return failed("clone3");
  if (pid == 0) {
    context.procfs.reset();
    serve(context, theirs.get(), pid_namespace);
  }
  return {};
}

Result<Fd> open_proc_instance(const Context& context) {
  if (!context.procfs.valid()) {
    Fd fs(sys::fsopen("proc", FSOPEN_CLOEXEC));
    if (!fs.valid()) return failed("fsopen", "proc");
    if (sys::fsconfig(fs.get(), FSCONFIG_SET_FD, "pidns", nullptr, context.pid_namespace) != 0) {
      return failed("set the pid namespace of a procfs");
    }
    return fs;
  }
  const char byte = 0;
  if (send(context.procfs.get(), &byte, 1, MSG_NOSIGNAL) < 0) return failed("ask for a procfs");
  return receive_fd(context.procfs.get());
}

Status is_procfs_of_another(int mount) {
  struct statfs system {};
  struct stat status {};
  if (fstatfs(mount, &system) != 0 || fstat(mount, &status) != 0) return failed("stat a procfs");
  if (system.f_type != PROC_SUPER_MAGIC || status.st_ino != kProcRoot) return {ENODEV, "verify that it is a procfs"};
  // We have no number in that namespace, so there is nothing that `self` could lead to.
  char self[32];
  if (readlinkat(mount, "self", self, sizeof self) < 0 && errno == ENOENT) return {};
  return {EXDEV, "the procfs is not one of the container's pid namespace"};
}

}  // namespace tsrun
