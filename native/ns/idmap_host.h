// Id maps, written from outside (man 7 user_namespaces).
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"
#include "base/status.h"

namespace tsrun {

struct IdMaps {
  std::string uid_map;  // lines of `inside outside count`
  std::string gid_map;
  bool deny_setgroups = false;  // an ordinary user's own gid_map is refused otherwise
  bool helpers = false;         // by newuidmap and newgidmap: more than one's own id as an ordinary user
};

// Writes the maps of process `pid`, once for ever.
Status write_id_maps(pid_t pid, const IdMaps& maps);

// A user namespace with these maps and no process in it, for id-mapped mounts (man 2 mount_setattr).
Result<Fd> make_user_namespace(const IdMaps& maps);

}  // namespace tsrun
