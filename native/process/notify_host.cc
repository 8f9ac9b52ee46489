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
  auto socket = bind_at(path, SOCK_DGRAM, 0777);
  TSRUN_TRY(socket.status());
  // The umask has been at it.
  if (chmod(path.c_str(), 0777) != 0) return failed("chmod", path);
  return socket;
}

Result<bool> wait_ready(const NotifyRequest& request) {
  Notifier notifier;
  TSRUN_TRY(notifier.open(request.host, request.pid));
  pollfd watched[2] = {{request.socket, POLLIN, 0}, {request.pidfd, POLLIN, 0}};
  for (;;) {
    if (poll(watched, 2, -1) < 0 && errno != EINTR) return failed("wait for the container to be ready");
    if (notifier.drain(request.socket)) {
      notifier.barrier();
      return true;
    }
    if (watched[1].revents != 0) return false;
  }
}

Status leave_notify_proxy(const NotifyRequest& request, const std::string& init) {
  const Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return failed("open", "/dev/null");
  std::string name = "tsrun-init";
  std::string mode = "notify";
  std::string host = request.host;
  std::string pid = std::to_string(request.pid);
  char* argv[] = {name.data(), mode.data(), host.data(), pid.data(), nullptr};
  char* envp[] = {nullptr};
  Program program;
  program.path = init.c_str();
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
