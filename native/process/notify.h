// The process that forwards a detached container's messages of sd_notify(3) (base/notify.h).
#pragma once

namespace tsrun {

// `tsrun-init notify NOTIFY_SOCKET PID`: passes on what comes in at descriptor 0 until the process PID, whose pidfd is descriptor 1,
// has ended. It holds nothing else: descriptor 2 is /dev/null. Exit status 0, or 1 when it was called by somebody else.
int notify_proxy(int argc, char** argv);

}  // namespace tsrun
