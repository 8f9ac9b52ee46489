#include "systemd/bus.h"

#include <ctime>

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

// A job that is waited for, and its result once that is known.
struct Job {
  const char* path;
  Text<64>* result;
  bool ended;
};

// JobRemoved(u id, o job, s unit, s result) of systemd's manager (man 5 org.freedesktop.systemd1).
int job_removed(sd_bus_message* message, void* data, sd_bus_error*) {
  auto* job = static_cast<Job*>(data);
  uint32_t id = 0;
  const char* path = nullptr;
  const char* unit = nullptr;
  const char* result = nullptr;
  if (sd_bus_message_read_basic(message, 'u', &id) <= 0) return 0;
  if (sd_bus_message_read_basic(message, 'o', &path) <= 0) return 0;
  if (sd_bus_message_read_basic(message, 's', &unit) <= 0) return 0;
  if (sd_bus_message_read_basic(message, 's', &result) <= 0) return 0;
  if (std::string_view(path) != job->path) return 0;
  job->result->clear();
  job->result->append(result);
  job->ended = true;
  return 0;
}

}  // namespace

Status Bus::connect(const char* address, bool direct) {
  bus_ = sd_bus_unref(bus_);
  int done = sd_bus_new(&bus_);
  if (done >= 0) done = sd_bus_set_address(bus_, address);
  if (done >= 0) done = sd_bus_set_bus_client(bus_, direct ? 0 : 1);
  if (done >= 0) done = sd_bus_start(bus_);
  if (done >= 0) return {};
  bus_ = sd_bus_unref(bus_);
  return bus_failed(done, "connect to", address);
}

Status Bus::call(sd_bus_message* message, int timeout, Reply& reply) {
  sd_bus_error error = SD_BUS_ERROR_NULL;
  sd_bus_message* raw = nullptr;
  const int done = sd_bus_call(bus_, message, static_cast<uint64_t>(timeout) * 1000, &error, &raw);
  reply.message.reset(raw);
  if (done >= 0) return {};
  // without a name it is the connection that failed
  if (error.name == nullptr) return bus_failed(done, "call the service manager");
  reply.error.append(error.name);
  if (error.message != nullptr) reply.words.append(error.message);
  sd_bus_error_free(&error);
  return {};
}

Status Bus::call_for_job(sd_bus_message* message, int timeout, Reply& reply) {
  Job job = {nullptr, &reply.job, false};
  sd_bus_slot* raw = nullptr;
  // Before the call: the job may be over when its reply comes. What came with the reply is handed out by sd_bus_process, later.
  const int matched = sd_bus_match_signal_async(bus_, &raw, kSystemd, kManagerPath, kManager, "JobRemoved", job_removed, nullptr, &job);
  if (matched < 0) return bus_failed(matched, "listen for", "JobRemoved");
  const std::unique_ptr<sd_bus_slot, decltype(&sd_bus_slot_unref)> slot(raw, sd_bus_slot_unref);

  TSRUN_TRY(call(message, timeout, reply));
  if (!reply.error.view().empty()) return {};
  const int read = sd_bus_message_read_basic(reply.message.get(), 'o', &job.path);
  if (read <= 0) return bus_failed(read == 0 ? -EBADMSG : read, "read the reply:", "a job expected");

  const uint64_t end = microseconds_now() + static_cast<uint64_t>(timeout) * 1000;
  while (!job.ended) {
    const int processed = sd_bus_process(bus_, nullptr);
    if (processed < 0) return bus_failed(processed, "wait for a job of", "the service manager");
    if (processed > 0) continue;
    const uint64_t now = microseconds_now();
    if (now >= end) return {};
    const int waited = sd_bus_wait(bus_, end - now);
    if (waited < 0 && waited != -EINTR) return bus_failed(waited, "wait for a job of", "the service manager");
  }
  return {};
}

}  // namespace tsrun
