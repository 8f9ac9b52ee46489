#include "rootfs/console.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "rootfs/attach.h"
#include "rootfs/resolve.h"
#include "rootfs/target.h"
#include "rootfs/trusted.h"

namespace tsrun {
namespace {

// A new terminal's master. What the name leads to is looked at before it is opened: a container that shares /dev could
// have put anything there, and the path of the other end is never used at all (CVE-2025-52565).
Result<Fd> open_master(const Context& context) {
  constexpr const char* kPath = "/dev/pts/ptmx";
  auto found = open_in(context.root.get(), kPath, O_PATH);
  if (!found.ok()) return found;
  struct stat status {};
  struct statfs system {};
  if (fstat(found->get(), &status) != 0 || fstatfs(found->get(), &system) != 0) return failed("stat", kPath);
  if (system.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(status.st_mode) || status.st_rdev != makedev(5, 2)) {
    return Status(ENODEV, "find devpts at", kPath);
  }
  auto master = reopen(context, found->get(), O_RDWR | O_NOCTTY);
  if (!master.ok()) return Status(master.status().err(), "open", kPath);
  return master;
}

Result<Fd> open_peer(int master) {
  const int unlock = 0;
  if (ioctl(master, TIOCSPTLCK, &unlock) != 0) return failed("unlock the terminal");
  Fd peer(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!peer.valid()) return failed("open the terminal");
  // Were one of 0 to 2 closed, it would have become it, and would stay close-on-exec.
  if (peer.get() <= STDERR_FILENO) peer.reset(fcntl(peer.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!peer.valid()) return failed("duplicate the terminal");
  return peer;
}

Status send_master(int socket, int master) {
  unsigned number = 0;
  if (ioctl(master, TIOCGPTN, &number) != 0) return failed("number the terminal");
  Text<32> name;
  name.append("/dev/pts/").append_number(number);

  iovec text{const_cast<char*>(name.c_str()), name.view().size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof master);
  memcpy(CMSG_DATA(header), &master, sizeof master);
  ssize_t sent = 0;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return failed("send the terminal to the console socket");
  return {};
}

Status bind_console(const Context& context, int peer) {
  constexpr const char* kPath = "/dev/console";
  Covering covering;
  covering.kind = Kind::file;
  auto place = mount_target(context, kPath, covering);
  TSRUN_TRY(place.status());
  auto tree = clone_tree(peer, false);
  TSRUN_TRY(tree.status());
  return attach(tree->get(), place->fd.get());
}

}  // namespace

Status console(Context& context, Arguments arguments) {
  const int64_t slot = arguments.signed_number(Slots::kMax);
  winsize size{};
  size.ws_row = static_cast<unsigned short>(arguments.number(UINT16_MAX));
  size.ws_col = static_cast<unsigned short>(arguments.number(UINT16_MAX));
  const auto uid = static_cast<uid_t>(arguments.number(UINT32_MAX));
  const bool bind = arguments.number(1) != 0;
  TSRUN_TRY(arguments.finish());
  const int socket = slot < 0 ? -1 : context.slots.get(static_cast<size_t>(slot));

  auto master = open_master(context);
  TSRUN_TRY(master.status());
  auto peer = open_peer(master->get());
  TSRUN_TRY(peer.status());
  if ((size.ws_row != 0 || size.ws_col != 0) && ioctl(peer->get(), TIOCSWINSZ, &size) != 0) return failed("size the terminal");
  if (fchown(peer->get(), uid, static_cast<gid_t>(-1)) != 0) return failed("chown the terminal");
  if (bind) TSRUN_TRY(bind_console(context, peer->get()));
  TSRUN_TRY(send_master(socket, master->get()));
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (dup2(peer->get(), fd) < 0) return failed("dup2 the terminal");
  }
  return {};
}

}  // namespace tsrun
