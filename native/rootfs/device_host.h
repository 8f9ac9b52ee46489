// Device nodes that the runtime makes for a container which may make none itself.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

struct NodeRequest {
  mode_t type = 0;  // S_IFCHR or S_IFBLK
  dev_t number = 0;
  mode_t mode = 0;
  uid_t uid = 0;  // ids of the runtime's user namespace
  gid_t gid = 0;
  std::string source;  // a node of the host's that may do where none can be made
};

// A detached mount with the device: a file system whose only entry is `node`, with exactly this mode and owner. Where the kernel
// lets us make none (EPERM, EACCES), the node at `source` itself, as it is. ENODEV when that is another device.
Result<Fd> make_node(const NodeRequest& request);

}  // namespace tsrun
