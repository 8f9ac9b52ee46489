// tsrun-init: the container's first process until the user's program takes its place. It reads a plan and carries out its
// steps in order; what they are was decided elsewhere (src/plan).
//
//   tsrun-init SYNC PLAN SLOT,SLOT,... [trace]      descriptors, all of them numbers
//
// SYNC is its end of the conversation with the runtime (base/conversation.h), PLAN a file with the plan
// (base/plan_reader.h), the slots are the descriptors that steps refer to by number; with `trace` the runtime hears of each
// step that is done. Exit status 1: a step failed, and the
// runtime was told.

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <ctime>

#include "base/conversation.h"
#include "base/plan_reader.h"
#include "init/steps.h"
#include "process/notify.h"
#include "process/signals.h"
#include "rootfs/trusted.h"
#include "seccomp/load_report.h"

namespace tsrun {
namespace {

// A descriptor's number at `text`; leaves `text` behind it. -1 when there is none.
int descriptor(const char*& text) {
  int value = 0;
  const char* first = text;
  for (; *text >= '0' && *text <= '9' && value < 1 << 24; text++) value = value * 10 + (*text - '0');
  return text == first ? -1 : value;
}

Status read_slots(const char* text, Slots& slots) {
  while (*text != 0) {
    const int fd = descriptor(text);
    if (fd < 0 || slots.count == Slots::kMax) return {EINVAL, "read the slots"};
    slots.fds[slots.count++] = fd;
    if (*text == ',') text++;
  }
  return {};
}

Result<PlanReader> map_plan(int fd) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) return failed("stat", "the plan");
  const auto size = static_cast<size_t>(status.st_size);
  // Mapped and not read: its pages stay charged to the runtime, not to a container with a small memory limit.
  const void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return failed("map", "the plan");
  close(fd);
  return PlanReader::open(static_cast<const char*>(data), size);
}

// The runtime's end of the conversation is its alone, and is closed before its children get their signal (exit(2) in the
// kernel does both, in this order): open now, it was not too late to ask for the signal. getppid(2) cannot say it: in a new
// pid namespace it is 0.
Status check_runtime(int sync) {
  char byte = 0;
  const ssize_t length = recv(sync, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (length > 0 || (length < 0 && errno == EAGAIN)) return {};
  return {ECONNRESET, "begin: the runtime has ended"};
}

// Tells the runtime and ends, also where a filter forbids the one or the other.
[[noreturn]] void give_up(Context& context, size_t number, std::string_view op, const Status& status) {
  report_from_outside(number, op, status);
  tell_failure(context.sync, number, op, status);
  // Not the C library's: it tries for ever where a filter answers with an error.
  syscall(SYS_exit_group, 1);
  __builtin_trap();
}

int64_t microseconds() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1000;
}

// Carries out the plan, to its last step or to one that fails.
[[noreturn]] void carry_out(Context& context, PlanReader& plan) {
  context.plan = &plan;
  for (size_t number = 1;; number++) {
    const auto more = plan.next();
    if (!more.status().ok()) give_up(context, number, "plan", more.status());
    if (!more.value()) give_up(context, number, "plan", {ENODATA, "the plan ends without exec"});
    const int64_t began = context.trace ? microseconds() : 0;
    const auto step = step_of(plan.name());
    const auto status = step == nullptr ? Status(ENOSYS, "unknown step", plan.name()) : step(context, plan.arguments());
    if (!status.ok()) give_up(context, number, plan.name(), status);
    // Behind a filter nothing is called that need not be.
    if (plan.name() == "seccomp") context.trace = false;
    if (context.trace) (void)tell_step(context.sync, number, plan.name(), microseconds() - began);
  }
}

int run(int argc, char** argv) {
  static Context context;
  if (argc != 4 && argc != 5) {
    static constexpr std::string_view kUsage = "tsrun-init is started by tsrun\n";
    (void)!write(STDERR_FILENO, kUsage.data(), kUsage.size());
    return 1;
  }
  prctl(PR_SET_NAME, "tsrun-init");
  umask(022);  // not the caller's: directories made for mounts must be passable
  const char* sync = argv[1];
  const char* plan_fd = argv[2];
  context.sync = descriptor(sync);
  context.trace = argc == 5;
  // No one else may look into us or our descriptors while we still hold some of the host's (CVE-2016-9962).
  auto status = reset_signals();
  if (status.ok() && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) status = failed("prctl PR_SET_PDEATHSIG");
  if (status.ok()) status = check_runtime(context.sync);
  if (status.ok()) status = read_slots(argv[3], context.slots);
  if (status.ok()) status = open_trusted(context);
  static PlanReader plan;
  if (status.ok()) {
    auto mapped = map_plan(descriptor(plan_fd));
    status = mapped.status();
    plan = *mapped;
  }
  if (!status.ok()) {
    tell_failure(context.sync, 0, "init", status);
    return 1;
  }
  carry_out(context, plan);
}

}  // namespace
}  // namespace tsrun

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "notify") return tsrun::notify_proxy(argc, argv);
  return tsrun::run(argc, argv);
}
