#include "ns/join.h"

#include <sched.h>

#include "process/dumpable.h"

namespace tsrun {
namespace {

constexpr size_t kKinds = 8;

struct PutOff {
  int fd;
  int flag;
  const char* type;
};

PutOff put_off[kKinds];
size_t put_off_count = 0;

}  // namespace

Status join(Context& context, Arguments arguments) {
  const auto slot = arguments.number(Slots::kMax);
  const auto flag = static_cast<int>(arguments.number(INT32_MAX));
  const char* type = arguments.text();
  const bool late = arguments.number(1) != 0;
  TSRUN_TRY(arguments.finish());

  const int fd = context.slots.get(slot);
  if (setns(fd, flag) == 0) return flag == CLONE_NEWUSER ? stay_hidden(context) : Status();
  if (errno != EPERM || !late || put_off_count == kKinds) return failed("join the namespace of type", type);
  put_off[put_off_count++] = {fd, flag, type};
  return {};
}

Status join_rest(Context& context, Arguments arguments) {
  TSRUN_TRY(arguments.finish());
  for (size_t i = 0; i < put_off_count; i++) {
    if (setns(put_off[i].fd, put_off[i].flag) != 0) return failed("join the namespace of type", put_off[i].type);
  }
  put_off_count = 0;
  return stay_hidden(context);
}

Status join_process(Context& context, Arguments arguments) {
  const auto slot = arguments.number(Slots::kMax);
  const auto flags = static_cast<int>(arguments.number(INT32_MAX));
  TSRUN_TRY(arguments.finish());
  // Linux 5.8: with a pidfd all the kinds are entered, or none (man 2 setns).
  // Its process may have gone on since `flags` were found out, but only to namespaces that it may enter itself; we go there unseen, and
  // with the rights that the config gives.
  if (setns(context.slots.get(slot), flags) != 0) return failed("join the container's namespaces");
  return stay_hidden(context);
}

}  // namespace tsrun
