#include "ns/idmap_host.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "base/child.h"
#include "base/syscalls.h"

namespace tsrun {
namespace {

Status write_proc(pid_t pid, const char* name, const std::string& text) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return failed("open", path);
  // The kernel takes a map in one write only.
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return failed("write", path);
  return {};
}

// Where the helpers are looked for: not in the caller's PATH, since they are run with our privileges.
constexpr const char* kFolders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"};

// newuidmap PID INSIDE OUTSIDE COUNT ... (man 1 newuidmap): set-user-id helpers that check /etc/subuid.
Status run_helper(const std::string& name, pid_t pid, const std::string& map) {
  std::vector<std::string> words = {name, std::to_string(pid)};
  constexpr const char* kSpace = " \n";
  for (size_t at = map.find_first_not_of(kSpace); at != std::string::npos;) {
    const size_t end = map.find_first_of(kSpace, at);
    words.push_back(map.substr(at, end - at));
    at = map.find_first_not_of(kSpace, end);
  }
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  static char path_variable[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path_variable, nullptr};
  std::string path;
  for (const char* folder : kFolders) {
    path = std::string(folder) + "/" + name;
    if (access(path.c_str(), X_OK) == 0) break;
    path.clear();
  }
  if (path.empty()) return {ENOENT, "run", name};
  Program program;
  program.path = path.c_str();
  program.argv = argv.data();
  program.envp = environment;
  auto child = start(program);
  if (!child.ok()) return {child.status().err(), "run", name};
  auto status = reap(child->pidfd.get());
  TSRUN_TRY(status.status());
  if (*status != 0) return {EPERM, "map ids: " + name + " refused", "(see /etc/subuid and /etc/subgid)"};
  return {};
}

// What the child that keeps a user namespace alive does: it is a copy of us, with all that we have open (the container's
// lock too), so it must neither outlive us nor hold anything. System calls only: other threads may have held locks of the
// C library's at the fork.
[[noreturn]] void stand_by(pid_t parent) {
  // In this order: a parent that died before the first call is seen by the second one.
  const bool watched = syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && syscall(SYS_getppid) == parent;
  if (!watched || sys::close_range(0, ~0U, 0) != 0) syscall(SYS_exit_group, 1);
  for (;;) syscall(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
}

}  // namespace

Status write_id_maps(pid_t pid, const IdMaps& maps) {
  if (maps.deny_setgroups) TSRUN_TRY(write_proc(pid, "setgroups", "deny"));
  if (maps.helpers) {
    TSRUN_TRY(run_helper("newgidmap", pid, maps.gid_map));
    return run_helper("newuidmap", pid, maps.uid_map);
  }
  TSRUN_TRY(write_proc(pid, "gid_map", maps.gid_map));
  return write_proc(pid, "uid_map", maps.uid_map);
}

Result<Fd> make_user_namespace(const IdMaps& maps) {
  // A handler of the engine's must not run in its copy.
  const pid_t parent = getpid();
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  const int err = errno;
  if (pid == 0) stand_by(parent);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return Status(err, "clone a user namespace");
  auto status = write_id_maps(static_cast<pid_t>(pid), maps);
  Fd fd;
  if (status.ok()) {
    const std::string path = "/proc/" + std::to_string(pid) + "/ns/user";
    fd.reset(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) status = failed("open", path);
  }
  kill(static_cast<pid_t>(pid), SIGKILL);
  while (waitpid(static_cast<pid_t>(pid), nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!status.ok()) return status;
  return fd;
}

}  // namespace tsrun
