#include "process/user.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/procfs.h"
#include "base/syscalls.h"
#include "process/dumpable.h"

namespace tsrun {
namespace {

constexpr uint64_t kMaxId = UINT32_MAX - 1;  // (uid_t)-1 means "leave it" to these calls
constexpr size_t kMaxGroups = 65536;         // NGROUPS_MAX

// Takes the groups from `arguments` into memory of the right size; nullptr for none, or when there is no memory.
uint32_t* take_groups(Arguments& arguments, size_t count) {
  auto* groups =
      static_cast<uint32_t*>(mmap(nullptr, (count + 1) * sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (groups == MAP_FAILED) groups = nullptr;
  for (size_t i = 0; i < count; i++) {
    const auto gid = static_cast<uint32_t>(arguments.number(kMaxId));
    if (groups != nullptr) groups[i] = gid;
  }
  return groups;
}

// By descriptor: there is no name that others could make lead elsewhere. Pipes and files only: a terminal or device may be the host's own.
void own_streams(uid_t uid) {
  for (int fd = 0; fd <= 2; fd++) {
    struct stat status = {};
    if (fstat(fd, &status) != 0 || status.st_uid == uid) continue;
    if (!S_ISFIFO(status.st_mode) && !S_ISREG(status.st_mode) && !S_ISSOCK(status.st_mode)) continue;
    // Not all file systems and namespaces allow it, and the streams work without.
    (void)!fchown(fd, uid, static_cast<gid_t>(-1));
  }
}

// Whether our user namespace, one that somebody else made, forbids setgroups(2) for good (man 7 user_namespaces): then no
// groups can be dropped, and none be asked for.
bool denies_setgroups(Context& context) {
  auto file = open_own_proc(context, "setgroups", O_RDONLY);
  char text[8] = {};
  return file.ok() && read(file->get(), text, sizeof text - 1) > 0 && std::string_view(text).starts_with("deny");
}

Status failed_on(std::string_view doing, uint64_t id) {
  const int err = errno;
  Text<24> number;
  number.append_number(static_cast<long long>(id));
  return {err, doing, number.view()};
}

}  // namespace

Status user(Context& context, Arguments arguments) {
  const auto uid = static_cast<uint32_t>(arguments.number(kMaxId));
  const auto gid = static_cast<uint32_t>(arguments.number(kMaxId));
  const size_t count = arguments.count();
  uint32_t* groups = take_groups(arguments, count);
  const bool setgroups = arguments.number(1) != 0;
  const auto mask = static_cast<mode_t>(arguments.number(0777));
  TSRUN_TRY(arguments.finish());
  if (groups == nullptr) return {ENOMEM, "set groups"};
  if (count > kMaxGroups) return {EINVAL, "set groups"};

  own_streams(uid);
  // Raw system calls: the C library's would look for other threads.
  if (setgroups && syscall(SYS_setgroups, count, groups) != 0) {
    const auto status = failed("set groups");
    if (count > 0 || status.err() != EPERM || !denies_setgroups(context)) return status;
  }
  munmap(groups, (count + 1) * sizeof(uint32_t));
  // From here on others may have our ids, and between each change and stay_hidden() the kernel may have made us what fs.suid_dumpable says:
  // by then they have no number for us, other than in a container that is in the host's pid namespace.
  if (syscall(SYS_setresgid, gid, gid, gid) != 0) return failed_on("set group", gid);
  // Leaving uid 0 would otherwise clear the permitted set, which `capabilities` chooses from.
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return failed("keep capabilities");
  if (syscall(SYS_setresuid, uid, uid, uid) != 0) return failed_on("set user", uid);
  umask(mask);
  return stay_hidden(context);
}

}  // namespace tsrun
