#include "ns/idmap_host.h"

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <vector>

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
  static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path, nullptr};
  pid_t child = -1;
  const int err = posix_spawnp(&child, name.c_str(), nullptr, nullptr, argv.data(), environment);
  if (err != 0) return {err, "run", name};
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return failed("wait for", name);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return {EPERM, "map ids: " + name + " refused", "(see /etc/subuid and /etc/subgid)"};
  return {};
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
  // The child only keeps the namespace alive until we have it open; it makes no call of the C library's.
  const long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid < 0) return failed("clone a user namespace");
  if (pid == 0) {
    for (;;) syscall(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
  }
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
