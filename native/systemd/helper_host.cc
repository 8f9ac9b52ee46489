#include "systemd/helper_host.h"

#include <fcntl.h>
#include <sys/socket.h>

namespace tsrun {
Result<SystemdHelper> start_systemd_helper(const Part& part) {
  const auto file = open_part(part, O_PATH);
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
  program.path = part.path.c_str();
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
