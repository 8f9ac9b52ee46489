#include "systemd/bus_host.h"

#include <ctime>
#include <map>

namespace tsrun {
namespace {

constexpr const char* kSystemd = "org.freedesktop.systemd1";
constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";

uint64_t microseconds_now() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

// sd-bus returns negative errno.
Status bus_failed(int result, std::string_view doing, std::string_view object = {}) { return {-result, doing, object}; }

// The results of the jobs that ended, by their object paths.
struct Jobs {
  const Systemd* library;
  std::map<std::string, std::string> ended;
};

// JobRemoved(u id, o job, s unit, s result) of systemd's manager (man 5 org.freedesktop.systemd1).
int job_removed(sd_bus_message* message, void* data, sd_bus_error*) {
  auto* jobs = static_cast<Jobs*>(data);
  uint32_t id = 0;
  const char* job = nullptr;
  const char* unit = nullptr;
  const char* result = nullptr;
  const auto& library = *jobs->library;
  if (library.bus_message_read_basic(message, 'u', &id) <= 0) return 0;
  if (library.bus_message_read_basic(message, 'o', &job) <= 0) return 0;
  if (library.bus_message_read_basic(message, 's', &unit) <= 0) return 0;
  if (library.bus_message_read_basic(message, 's', &result) <= 0) return 0;
  jobs->ended[job] = result;
  return 0;
}

}  // namespace

Result<std::unique_ptr<Bus>> Bus::connect(const std::string& address, bool direct) {
  auto library = systemd();
  if (!library.ok()) return library.status();
  const Systemd* functions = *library;
  sd_bus* raw = nullptr;
  if (const int made = functions->bus_new(&raw); made < 0) return bus_failed(made, "connect to", address);
  std::unique_ptr<Bus> bus(new Bus(functions, raw));
  if (const int set = functions->bus_set_address(raw, address.c_str()); set < 0) return bus_failed(set, "connect to", address);
  if (const int set = functions->bus_set_bus_client(raw, direct ? 0 : 1); set < 0) return bus_failed(set, "connect to", address);
  if (const int started = functions->bus_start(raw); started < 0) return bus_failed(started, "connect to", address);
  return bus;
}

Bus::~Bus() { library_->bus_flush_close_unref(bus_); }

Result<Message> Bus::method(const char* destination, const char* path, const char* interface, const char* member) {
  sd_bus_message* raw = nullptr;
  const int made = library_->bus_message_new_method_call(bus_, &raw, destination, path, interface, member);
  if (made < 0) return bus_failed(made, "make a message for", member);
  return Message(raw, {library_});
}

Result<Reply> Bus::call(sd_bus_message* message, int timeout) {
  sd_bus_error error = SD_BUS_ERROR_NULL;
  sd_bus_message* raw = nullptr;
  const int done = library_->bus_call(bus_, message, static_cast<uint64_t>(timeout) * 1000, &error, &raw);
  Reply reply{Message(raw, {library_}), {}, {}, {}};
  if (done >= 0) return reply;
  // without a name it is the connection that failed
  if (error.name == nullptr) return bus_failed(done, "call the service manager");
  reply.error = error.name;
  if (error.message != nullptr) reply.words = error.message;
  library_->bus_error_free(&error);
  return reply;
}

Result<Reply> Bus::call_for_job(sd_bus_message* message, int timeout) {
  Jobs jobs{library_, {}};
  sd_bus_slot* raw = nullptr;
  // before the call: the job may be over when its reply comes
  const int matched =
      library_->bus_match_signal_async(bus_, &raw, kSystemd, kManagerPath, kManager, "JobRemoved", job_removed, nullptr, &jobs);
  if (matched < 0) return bus_failed(matched, "listen for", "JobRemoved");
  const auto release = [this](sd_bus_slot* held) { library_->bus_slot_unref(held); };
  const std::unique_ptr<sd_bus_slot, decltype(release)> slot(raw, release);

  auto reply = call(message, timeout);
  if (!reply.ok() || !reply->error.empty()) return reply;
  const char* path = nullptr;
  const int read = library_->bus_message_read_basic(reply->message.get(), 'o', &path);
  if (read <= 0) return bus_failed(read == 0 ? -EBADMSG : read, "read the reply:", "a job expected");

  const uint64_t end = microseconds_now() + static_cast<uint64_t>(timeout) * 1000;
  for (;;) {
    if (const auto ended = jobs.ended.find(path); ended != jobs.ended.end()) {
      reply->job = ended->second;
      return reply;
    }
    const int processed = library_->bus_process(bus_, nullptr);
    if (processed < 0) return bus_failed(processed, "wait for a job of", "the service manager");
    if (processed > 0) continue;
    const uint64_t now = microseconds_now();
    if (now >= end) return reply;
    const int waited = library_->bus_wait(bus_, end - now);
    if (waited < 0 && waited != -EINTR) return bus_failed(waited, "wait for a job of", "the service manager");
  }
}

}  // namespace tsrun
