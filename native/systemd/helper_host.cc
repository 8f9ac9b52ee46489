#include "systemd/helper_host.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace tsrun {
namespace {

// The program's file. Its directory is where tsrun is installed; whoever owns that owns tsrun.
Result<Fd> open_program(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  const Fd folder(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return failed("open", directory);
  Fd file(openat(folder.get(), path.c_str() + directory.size(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid()) return failed("open", path);
  struct stat program = {};
  struct stat home = {};
  if (fstat(file.get(), &program) != 0 || fstat(folder.get(), &home) != 0) return failed("stat", path);
  if (!S_ISREG(program.st_mode)) return Status(EACCES, "not a regular file:", path);
  if (program.st_uid != 0 && program.st_uid != geteuid() && program.st_uid != home.st_uid) {
    return Status(EACCES, "owned by another user:", path);
  }
  if ((program.st_mode & (S_IWGRP | S_IWOTH)) != 0) return Status(EACCES, "others may write to", path);
  return file;
}

}  // namespace

Result<SystemdHelper> start_systemd_helper(const std::string& path) {
  const auto file = open_program(path);
  TSRUN_TRY(file.status());
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return failed("socketpair");
  SystemdHelper helper;
  helper.socket.reset(pair[0]);
  const Fd theirs(pair[1]);
  std::string name = "tsrun-systemd";
  char* argv[] = {name.data(), nullptr};
  char* envp[] = {nullptr};
  Program program;
  program.path = path.c_str();
  program.file = file.value().get();
  program.argv = argv;
  program.envp = envp;
  program.cwd = "/";
  // What a terminal sends to our group is for us; it ends with its socket.
  program.group = true;
  for (int& stream : program.streams) stream = theirs.get();
  auto child = start(program);
  TSRUN_TRY(child.status());
  helper.pidfd = std::move(child->pidfd);
  return helper;
}

Status ask_systemd_helper(int socket, std::string_view request, Buffer& answer) {
  if (request.size() > Buffer::kLargest) return {EMSGSIZE, "send a request"};
  // One that has ended cannot be sent anything, but has said why.
  if (auto sent = send_pieces(socket, request); !sent.ok() && sent.err() != EPIPE && sent.err() != ECONNRESET) return sent;
  Buffer aside;
  auto status = receive_pieces(socket, answer, &aside);
  if (status.err() != ECONNRESET) return status;
  std::string_view words = aside.view();
  while (!words.empty() && words.back() == '\n') words.remove_suffix(1);
  return {ECONNRESET, words};
}

}  // namespace tsrun
