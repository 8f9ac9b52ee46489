#include "process/keyring.h"

#include <linux/keyctl.h>
#include <unistd.h>

#include "base/procfs.h"
#include "base/syscalls.h"

namespace tsrun {
namespace {

// The permission bits of man 7 keyrings, which no public header has.
constexpr unsigned kUserSearch = 0x00080000;
constexpr unsigned kOtherSearch = 0x00000008;

// Whether user ids mean something else here than in the initial user namespace (man 7 user_namespaces: its map is one
// line that maps everything onto itself).
bool in_user_namespace(Context& context) {
  auto map = open_own_proc(context, "uid_map", O_RDONLY);
  if (!map.ok()) return false;
  char text[64];
  const ssize_t size = read(map->get(), text, sizeof text);
  return size > 0 && std::string_view(text, static_cast<size_t>(size)).find("4294967295") == std::string_view::npos;
}

}  // namespace

Status keyring(Context& context, Arguments arguments) {
  const char* name = arguments.text();
  TSRUN_TRY(arguments.finish());

  const long id = sys::keyctl(KEYCTL_JOIN_SESSION_KEYRING, reinterpret_cast<unsigned long>(name));
  if (id < 0) {
    if (errno == ENOSYS) return {};
    return failed("join session keyring", name);
  }
  // The keyring belongs to whoever we are now; the user of the container's program must be able to find keys in it. What
  // its permissions are cannot be read in a cheaper way than as text: "TYPE;UID;GID;PERM;NAME".
  char description[4096 + 64];
  const long size =
      sys::keyctl(KEYCTL_DESCRIBE, static_cast<unsigned long>(id), reinterpret_cast<unsigned long>(description), sizeof description);
  if (size <= 0 || static_cast<size_t>(size) > sizeof description) return failed("describe session keyring", name);
  unsigned permissions = 0;
  int field = 0;
  for (const char* at = description; *at != 0 && field < 4; at++) {
    if (*at == ';') {
      field++;
    } else if (field == 3) {
      permissions = permissions << 4 | static_cast<unsigned>(*at <= '9' ? *at - '0' : *at - 'a' + 10);
    }
  }
  const unsigned wanted = permissions | (in_user_namespace(context) ? kOtherSearch : kUserSearch);
  if (wanted == permissions) return {};
  if (sys::keyctl(KEYCTL_SETPERM, static_cast<unsigned long>(id), wanted) != 0) {
    // Someone else's keyring of that name, which we may search: another process of this container made it.
    if (errno == EACCES) return {};
    return failed("set permissions of session keyring", name);
  }
  return {};
}

}  // namespace tsrun
