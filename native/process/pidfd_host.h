// Processes by pidfd (man 2 pidfd_open): a number that is used again is never mistaken for the process it was.
#pragma once

#include <sys/types.h>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

// ESRCH when there is no such process.
Result<Fd> open_pidfd(pid_t pid);

// ESRCH when it has ended and been reaped, or is a zombie.
Status send_signal(int pidfd, int signal);

// Waits until the process has ended (it need not be our child); false after `timeout` milliseconds, -1 waits for ever.
Result<bool> wait_pidfd(int pidfd, int timeout);

}  // namespace tsrun
