#include "process/notify_host.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/notify.h"
#include "base/sockets_host.h"

namespace tsrun {

Result<Fd> bind_notify(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path);
  // The container sees the directory: what is there now need not be what was bound, so the mode is right at once. The umask is
  // the whole process's, of which no other thread makes files.
  const mode_t mask = umask(0);
  auto socket = bind_at(path, SOCK_DGRAM, 0777);
  umask(mask);
  return socket;
}

Result<bool> wait_ready(const NotifyRequest& request) {
  Notifier notifier;
  TSRUN_TRY(notifier.open(request.host, request.pid));
  for (;;) {
    pollfd watched[2] = {notifier.watch(request.socket), {request.pidfd, POLLIN, 0}};
    if (poll(watched, 2, -1) < 0 && errno != EINTR) return failed("wait for the container to be ready");
    const bool ended = watched[1].revents != 0;
    const bool ready = ended ? notifier.finish(request.socket) : notifier.drain(request.socket);
    if (ready) notifier.barrier();
    if (ready || ended) return ready;
  }
}

Status leave_notify_proxy(const NotifyRequest& request, const Part& init) {
  const auto file = open_part(init, O_PATH);
  TSRUN_TRY(file.status());
  const Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return failed("open", "/dev/null");
  std::string name = "tsrun-init";
  std::string mode = "notify";
  std::string host = request.host;
  std::string pid = std::to_string(request.pid);
  char* argv[] = {name.data(), mode.data(), host.data(), pid.data(), nullptr};
  char* envp[] = {nullptr};
  Program program;
  program.path = init.path.c_str();
  program.file = file.value().get();
  program.argv = argv;
  program.envp = envp;
  // It ends with the container.
  program.outlives = true;
  program.streams[0] = request.socket;
  program.streams[1] = request.pidfd;
  program.streams[2] = null.get();
  return start(program).status();
}

}  // namespace tsrun
