// New file systems.
#pragma once

#include "base/context.h"
#include "base/fd.h"
#include "base/plan_reader.h"
#include "base/status.h"

namespace tsrun {

struct FileSystem {
  const char* type = "";
  const char* source = "";     // empty: none
  const char* mode = nullptr;  // value of one more option `mode`; nullptr: none
  Arguments options;           // as many as are left: `key=value`, or `key` alone
};

// Makes a file system and a detached mount of it with `attributes` (MOUNT_ATTR_*). The failure's text has what the kernel
// says about it beyond errno.
Result<Fd> make_file_system(const Context& context, const FileSystem& wanted, uint64_t attributes);

// A detached mount stacked on the container's root while it lives: files inside have a path then, and can be copied off it (man 2
// open_tree copies nothing that is detached). Only whoever shares our mount namespace could see it.
class Stacked {
 public:
  Stacked() = default;
  Stacked(const Stacked&) = delete;
  Stacked& operator=(const Stacked&) = delete;
  ~Stacked();

  Status on_root(const Context& context, Fd mount);
  // A detached copy of the mount at NAME, a directory entry of it.
  [[nodiscard]] Result<Fd> take(const char* name) const;
  // Before its end, for whom a failure matters.
  Status unmount();

 private:
  Fd mount_;
  bool attached_ = false;
};

// Changes options of the file system that is mounted at `mount`, the descriptor of its mount's root.
Status reconfigure(int mount, Arguments options);

}  // namespace tsrun
