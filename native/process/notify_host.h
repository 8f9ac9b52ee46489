// sd_notify(3) for a container: the runtime's side.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"
#include "base/part_host.h"
#include "base/status.h"

namespace tsrun {

// A datagram socket at `path`, in place of what is there, that any user of the container may send to.
Result<Fd> bind_notify(const std::string& path);

struct NotifyRequest {
  int socket = -1;   // bound by `bind_notify`
  int pidfd = -1;    // of the container's process
  std::string host;  // the caller's NOTIFY_SOCKET
  pid_t pid = 0;     // MAINPID
};

// Passes on what comes until READY=1 has been read by the manager: true; or until the process has ended: false.
Result<bool> wait_ready(const NotifyRequest& request);

// Leaves a process behind (process/notify.h) that goes on passing until the container's process has ended. `init` is
// tsrun-init. It has nothing of ours open but the two descriptors.
Status leave_notify_proxy(const NotifyRequest& request, const Part& init);

}  // namespace tsrun
