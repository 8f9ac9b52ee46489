// Trees of files that the runtime opens for init.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

struct TreeRequest {
  std::string source;
  bool recursive = false;        // with the mounts below
  uint64_t propagation = 0;      // MS_SLAVE or MS_PRIVATE, each with or without MS_REC; 0: one with the source's
  int user_namespace = -1;       // whose mappings the mount gets; -1: none
  bool idmap_recursive = false;  // the mounts below get them too
};

// A detached copy of the mount that `source` is in, from there on, as an O_PATH descriptor. Whoever gets it may attach it in
// a mount namespace of their own (man 2 move_mount). EINVAL: the file system knows no mappings, or has some already.
Result<Fd> open_tree(const TreeRequest& request);

// Gives the detached mount `tree` the mappings of a user namespace, with `recursive` those below too. EINVAL: as above.
Status give_mappings(int tree, int user_namespace, bool recursive);

}  // namespace tsrun
