#include "ns/net_device_host.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <string_view>

namespace tsrun {
namespace {

// The C library's headers are older than the kernel's.
constexpr unsigned short kNewIndex = 49;  // IFLA_NEW_IFINDEX
constexpr unsigned short kProtocol = 11;  // IFA_PROTO

// The most that the kernel sends in one message to who has room for it (NLMSG_GOODSIZE, netlink_dump).
constexpr size_t kLargest = 32768;

// A message to the kernel; its parts are small.
class Request {
 public:
  template <class Body>
  Request(unsigned short type, unsigned short flags, const Body& body) {
    nlmsghdr header = {};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<unsigned short>(NLM_F_REQUEST | flags);
    append(&header, sizeof header);
    append(&body, sizeof body);
  }
  void add(unsigned short type, const void* data, size_t size) {
    const rtattr attribute = {static_cast<unsigned short>(RTA_LENGTH(size)), type};
    append(&attribute, sizeof attribute);
    append(data, size);
  }
  void append(const void* data, size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }
  // As it is sent.
  std::string_view bytes(unsigned number) {
    auto* header = reinterpret_cast<nlmsghdr*>(bytes_.data());
    header->nlmsg_len = static_cast<unsigned>(bytes_.size());
    header->nlmsg_seq = number;
    return bytes_;
  }

 private:
  std::string bytes_;
};

// Attributes one after the other.
template <class Visit>
void each_attribute(const void* data, size_t size, Visit visit) {
  auto left = static_cast<int>(size);
  for (const auto* at = static_cast<const rtattr*>(data); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
    visit(static_cast<unsigned short>(at->rta_type & NLA_TYPE_MASK),
          std::string_view(static_cast<const char*>(RTA_DATA(at)), RTA_PAYLOAD(at)));
  }
}

// Why the kernel refuses: errno, and its own words if it has any (NETLINK_EXT_ACK).
Status refusal(const nlmsghdr* message, std::string_view doing, std::string_view object) {
  const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(message));
  if (error->error == 0) return {};
  Text<256> what;
  what.append(object);
  // Capped, there is nothing of the request between.
  if ((message->nlmsg_flags & NLM_F_ACK_TLVS) != 0 && (message->nlmsg_flags & NLM_F_CAPPED) != 0) {
    each_attribute(error + 1, message->nlmsg_len - NLMSG_LENGTH(sizeof *error), [&](unsigned short type, std::string_view value) {
      if (type == NLMSGERR_ATTR_MSG) what.append(" (").append(value.substr(0, value.find('\0'))).append(")");
    });
  }
  return {-error->error, doing, what.view()};
}

// Sends it and hands every message of the answer to `visit`, up to the kernel's word that it is done or refuses.
// `repeat`: the answer is of several times and has to be asked for again.
template <class Visit>
Status ask(int socket, Request& request, std::string_view doing, std::string_view object, Visit visit, bool* repeat = nullptr) {
  static unsigned number = 0;
  const auto bytes = request.bytes(++number);
  if (send(socket, bytes.data(), bytes.size(), 0) < 0) return failed(doing, object);
  alignas(nlmsghdr) char answer[kLargest];
  for (;;) {
    // What has been asked for is done by now: a signal that is to end us must not keep us from what it said.
    const ssize_t length = recv(socket, answer, sizeof answer, MSG_TRUNC);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return failed(doing, object);
    if (static_cast<size_t>(length) > sizeof answer) return {EMSGSIZE, doing, object};
    auto left = static_cast<unsigned>(length);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(answer); NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_seq != number) continue;
      if (repeat != nullptr && (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) *repeat = true;
      if (message->nlmsg_type == NLMSG_ERROR) return refusal(message, doing, object);
      if (message->nlmsg_type == NLMSG_DONE) return {};
      visit(message);
    }
  }
}

Status order(int socket, Request& request, std::string_view doing, std::string_view object) {
  return ask(socket, request, doing, object, [](const nlmsghdr*) {});
}

struct Opening {
  int netns;
  int fd = -1;
  int err = 0;
};

// In a child with our memory and descriptors: we ourselves are never in a namespace that is not ours. System calls only.
int open_there(void* argument) {
  auto& opening = *static_cast<Opening*>(argument);
  if (setns(opening.netns, CLONE_NEWNET) == 0) opening.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (opening.fd < 0) opening.err = errno;
  return 0;
}

Result<Fd> socket_in(int netns) {
  constexpr std::string_view kDoing = "open a netlink socket in the network namespace";
  Opening opening = {netns};
  alignas(16) char stack[16384];
  // A handler of the engine's must not run there.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = clone(open_there, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_VFORK, &opening);
  const int err = errno;
  while (pid > 0 && waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return Status(err, kDoing);
  if (opening.fd < 0) return Status(opening.err, kDoing);
  return Fd(opening.fd);
}

NetDevice device_of(const nlmsghdr* message) {
  const auto* link = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
  NetDevice device;
  device.index = link->ifi_index;
  device.up = (link->ifi_flags & IFF_UP) != 0;
  each_attribute(IFLA_RTA(link), IFLA_PAYLOAD(message), [&](unsigned short type, std::string_view value) {
    if (type == IFLA_IFNAME) device.name = value.substr(0, value.find('\0'));
    if (type == IFLA_ADDRESS) device.address = value;
  });
  return device;
}

// What may be asked for with an address; all other flags are the kernel's (inet6_rtm_newaddr).
constexpr uint32_t kAskedFor = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;

NetAddress address_of(const nlmsghdr* message) {
  auto body = *static_cast<const ifaddrmsg*>(NLMSG_DATA(message));
  NetAddress address;
  address.family = body.ifa_family;
  address.scope = body.ifa_scope;
  uint32_t flags = body.ifa_flags;
  body.ifa_flags = 0;
  Request again(RTM_NEWADDR, 0, body);
  each_attribute(IFA_RTA(static_cast<ifaddrmsg*>(NLMSG_DATA(message))), IFA_PAYLOAD(message),
                 [&](unsigned short type, std::string_view value) {
                   switch (type) {
                     case IFA_FLAGS:
                       memcpy(&flags, value.data(), sizeof flags);
                       break;
                     case IFA_LOCAL:
                     case IFA_ADDRESS:  // the peer's, where there is one
                     case IFA_BROADCAST:
                     case IFA_RT_PRIORITY:
                     case kProtocol:
                       again.add(type, value.data(), value.size());
                       break;
                     default:  // lifetimes, which a permanent one has not, and a label with the old name of the device
                       break;
                   }
                 });
  address.permanent = (flags & IFA_F_PERMANENT) != 0;
  flags &= kAskedFor;
  again.add(IFA_FLAGS, &flags, sizeof flags);
  address.request = again.bytes(0).substr(sizeof(nlmsghdr));
  return address;
}

}  // namespace

Result<Fd> open_rtnetlink(int netns) {
  auto opened = netns < 0 ? Result<Fd>(Fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE))) : socket_in(netns);
  if (!opened.ok()) return opened;
  if (!opened->valid()) return failed("open a netlink socket");
  // Dumps of what is asked for only, errors with words and without our own message in them.
  for (const int option : {NETLINK_GET_STRICT_CHK, NETLINK_EXT_ACK, NETLINK_CAP_ACK}) {
    const int on = 1;
    if (setsockopt(opened->get(), SOL_NETLINK, option, &on, sizeof on) != 0) return failed("set an option of a netlink socket");
  }
  return opened;
}

Result<std::optional<NetDevice>> find_net_device(int socket, const std::string& name, int index) {
  ifinfomsg body = {};
  body.ifi_index = name.empty() ? index : 0;
  Request request(RTM_GETLINK, NLM_F_ACK, body);
  if (!name.empty()) request.add(IFLA_IFNAME, name.c_str(), name.size() + 1);
  std::optional<NetDevice> device;
  const auto status = ask(socket, request, "find network device", name, [&](const nlmsghdr* message) {
    if (message->nlmsg_type == RTM_NEWLINK) device = device_of(message);
  });
  if (!status.ok() && status.err() != ENODEV) return status;
  return device;
}

Result<std::vector<NetAddress>> net_addresses(int socket, int index, const std::string& name) {
  constexpr int kTimes = 16;
  for (int left = kTimes;; left--) {
    ifaddrmsg body = {};
    body.ifa_index = static_cast<unsigned>(index);
    Request request(RTM_GETADDR, NLM_F_DUMP, body);
    std::vector<NetAddress> addresses;
    // Addresses have come and gone meanwhile, also of other devices: what was told may lack some (NLM_F_DUMP_INTR in linux/netlink.h).
    bool repeat = false;
    const auto visit = [&](const nlmsghdr* message) {
      if (message->nlmsg_type != RTM_NEWADDR) return;
      if (static_cast<const ifaddrmsg*>(NLMSG_DATA(message))->ifa_index == static_cast<unsigned>(index))
        addresses.push_back(address_of(message));
    };
    TSRUN_TRY(ask(socket, request, "read the addresses of network device", name, visit, &repeat));
    if (!repeat) return addresses;
    if (left == 0) return Status(EBUSY, "read the addresses of network device", name);
  }
}

Status move_net_device(int socket, const NetDeviceMove& move, const std::string& name) {
  ifinfomsg body = {};
  body.ifi_index = move.index;
  Request request(RTM_NEWLINK, NLM_F_ACK, body);
  request.add(IFLA_NET_NS_FD, &move.netns, sizeof move.netns);
  request.add(IFLA_IFNAME, move.new_name.c_str(), move.new_name.size() + 1);
  request.add(kNewIndex, &move.new_index, sizeof move.new_index);
  return order(socket, request, "move network device", name);
}

Status add_net_address(int socket, int index, const std::string& request, const std::string& name) {
  ifaddrmsg body = {};
  if (request.size() < sizeof body) return {EINVAL, "give an address to network device", name};
  memcpy(&body, request.data(), sizeof body);
  body.ifa_index = static_cast<unsigned>(index);
  Request message(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, body);
  message.append(request.data() + sizeof body, request.size() - sizeof body);
  return order(socket, message, "give an address to network device", name);
}

Status set_net_device_up(int socket, int index, const std::string& name) {
  ifinfomsg body = {};
  body.ifi_index = index;
  body.ifi_flags = IFF_UP;
  body.ifi_change = IFF_UP;
  Request request(RTM_NEWLINK, NLM_F_ACK, body);
  return order(socket, request, "bring up network device", name);
}

}  // namespace tsrun
