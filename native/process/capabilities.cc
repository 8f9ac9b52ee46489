#include "process/capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/syscalls.h"
#include "process/dumpable.h"

namespace tsrun {
namespace {

Status raise_ambient(uint64_t set) {
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return failed("clear ambient capabilities");
  for (unsigned long capability = 0; capability < 64; capability++) {
    if ((set >> capability & 1) == 0) continue;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return failed("raise ambient capability");
  }
  return {};
}

}  // namespace

CapabilitySets take_sets(Arguments& arguments) {
  CapabilitySets sets;
  sets.effective = arguments.number();
  sets.permitted = arguments.number();
  sets.inheritable = arguments.number();
  return sets;
}

bool set_capabilities(const CapabilitySets& sets) {
  __user_cap_header_struct header = {};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  for (unsigned word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
    data[word].effective = static_cast<uint32_t>(sets.effective >> 32 * word);
    data[word].permitted = static_cast<uint32_t>(sets.permitted >> 32 * word);
    data[word].inheritable = static_cast<uint32_t>(sets.inheritable >> 32 * word);
  }
  return syscall(SYS_capset, &header, data) == 0;
}

Status capabilities(Context& context, Arguments arguments) {
  const auto sets = take_sets(arguments);
  const auto ambient = arguments.number();
  TSRUN_TRY(arguments.finish());

  // Who has the same ids and no less than these could look into us from here on, had it a number for us and were we not undumpable.
  if (!set_capabilities(sets)) return failed("set capabilities");
  TSRUN_TRY(raise_ambient(ambient));
  if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) return failed("end keeping capabilities");
  return stay_hidden(context);
}

Status capset(Context&, Arguments arguments) {
  const auto sets = take_sets(arguments);
  TSRUN_TRY(arguments.finish());
  if (!set_capabilities(sets)) return failed("set capabilities");
  return {};
}

}  // namespace tsrun
