#include "process/keyring.h"

#include <linux/keyctl.h>
#include <unistd.h>

#include "base/syscalls.h"

namespace tsrun {
namespace {

// The permission bits of man 7 keyrings, which no public header has.
constexpr unsigned kPossessorAll = 0x3f000000;
constexpr unsigned kUserSearch = 0x00080000;

}  // namespace

Status keyring(Context&, Arguments arguments) {
  const char* name = arguments.text();
  TSRUN_TRY(arguments.finish());

  const long id = sys::keyctl(KEYCTL_JOIN_SESSION_KEYRING, reinterpret_cast<unsigned long>(name));
  if (id < 0) {
    if (errno == ENOSYS) return {};
    return failed("join session keyring", name);
  }
  // The kernel lets every process with the owner's id see a named keyring, list it and link it into its own, by which it comes to
  // possess the keys. Root's id is that of most containers on a machine. To join a keyring by its name takes no more than search.
  const unsigned permissions = kPossessorAll | kUserSearch;
  if (sys::keyctl(KEYCTL_SETPERM, static_cast<unsigned long>(id), permissions) != 0) {
    // Somebody else's, which we may search: another process of this container made it.
    if (errno == EACCES) return {};
    return failed("set permissions of session keyring", name);
  }
  return {};
}

}  // namespace tsrun
