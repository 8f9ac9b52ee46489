// Makes the container's first process, from inside a JavaScript engine.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/part_host.h"
#include "base/status.h"

namespace tsrun {

struct SpawnRequest {
  Part init;                    // tsrun-init
  std::string plan;             // the encoded plan
  std::vector<int> slots;       // descriptors by slot number
  uint64_t flags = 0;           // CLONE_NEW* of clone3
  int cgroup = -1;              // cgroup directory to be born in
  unsigned preserved = 0;       // descriptors 3 to 3 + preserved - 1 stay open ...
  std::vector<int> inherited;   // ... where our caller had them open
  int stdio[3] = {-1, -1, -1};  // what becomes 0, 1 and 2; -1 leaves ours
  bool trace = false;           // init tells of each step that it is done
};

struct Spawned {
  pid_t pid = -1;
  Fd pidfd;
  Fd sync;                  // our end of the conversation
  uint64_t exe_device = 0;  // of the program it runs, as /proc/PID/exe has it
  uint64_t exe_inode = 0;
};

// Starts tsrun-init from a sealed copy. Returns once it has been executed (vfork's rule).
Result<Spawned> spawn_init(const SpawnRequest& request);

}  // namespace tsrun
