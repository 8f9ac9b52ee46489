#include "process/keyring.h"

#include <linux/keyctl.h>
#include <unistd.h>

#include "base/syscalls.h"

namespace tsrun {
namespace {

// The permission bits of man 7 keyrings, which no public header has.
constexpr unsigned kPossessorAll = 0x3f000000;
constexpr unsigned kUserSearch = 0x00080000;

// The kernel lets every process with the owner's id see a named session keyring that a join has made, list it and link it into its own, by
// which it comes to possess the keys, until its permissions are set. Root's id is that of most containers on a machine. To join a
// keyring by its name takes no more than search.
constexpr unsigned kPermissions = kPossessorAll | kUserSearch;

long join(const char* name) { return sys::keyctl(KEYCTL_JOIN_SESSION_KEYRING, reinterpret_cast<unsigned long>(name)); }

// Makes it before it is joined: what add_key(2) makes the owner's other processes may look at, but neither list nor link nor join. What
// holds it meanwhile is a session keyring without a name, which ours ceases to be, and so is gone, when we join.
Status make(const char* name) {
  if (join(nullptr) < 0) return failed("join a new session keyring");
  const long made = sys::add_key("keyring", name, KEY_SPEC_SESSION_KEYRING);
  if (made < 0) return failed("make session keyring", name);
  if (sys::keyctl(KEYCTL_SETPERM, static_cast<unsigned long>(made), kPermissions) != 0) {
    return failed("set permissions of session keyring", name);
  }
  const long joined = join(name);
  if (joined < 0) return failed("join session keyring", name);
  // Of two with that name the kernel takes either.
  if (joined != made) return {EEXIST, "make session keyring", name};
  return {};
}

}  // namespace

Status keyring(Context&, Arguments arguments) {
  const char* name = arguments.text();
  const bool fresh = arguments.number(1) != 0;
  TSRUN_TRY(arguments.finish());

  if (fresh) {
    const auto status = make(name);
    return status.err() == ENOSYS ? Status() : status;
  }
  const long id = join(name);
  if (id < 0) {
    if (errno == ENOSYS) return {};
    return failed("join session keyring", name);
  }
  // It was not there any more, and we have made it.
  if (sys::keyctl(KEYCTL_SETPERM, static_cast<unsigned long>(id), kPermissions) != 0) {
    // Somebody else's, which we may search: another process of this container made it.
    if (errno == EACCES) return {};
    return failed("set permissions of session keyring", name);
  }
  return {};
}

}  // namespace tsrun
