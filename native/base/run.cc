#include "base/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

#include "base/syscalls.h"

namespace tsrun {
namespace {

// The text as a file to be read from its start.
Result<Fd> file_with(std::string_view text) {
  constexpr unsigned kNoExecSeal = 8;  // MFD_NOEXEC_SEAL: vm.memfd_noexec=2 insists on it, kernels before 6.3 refuse it
  Fd file(memfd_create("input", MFD_CLOEXEC | kNoExecSeal));
  if (!file.valid() && errno == EINVAL) file.reset(memfd_create("input", MFD_CLOEXEC));
  if (!file.valid()) return failed("memfd_create");
  for (size_t done = 0; done < text.size();) {
    const ssize_t size = pwrite(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (size < 0) return failed("write the input");
    done += static_cast<size_t>(size);
  }
  return file;
}

int64_t now() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}

// Our end of a pipe that the program writes to.
class Stream {
 public:
  // Makes the pipe; the program's end goes to `theirs`.
  Status open(Fd& theirs) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return failed("pipe");
    ours_.reset(ends[0]);
    theirs.reset(ends[1]);
    if (fcntl(ours_.get(), F_SETFL, O_NONBLOCK) != 0) return failed("fcntl");
    return {};
  }
  [[nodiscard]] int fd() const { return ours_.get(); }
  // Takes what is there now, once.
  size_t take(const Sink& sink) {
    char piece[4096];
    const ssize_t size = read(ours_.get(), piece, sizeof piece);
    if (size > 0) {
      if (sink.take != nullptr) sink.take(sink.self, {piece, static_cast<size_t>(size)});
      return static_cast<size_t>(size);
    }
    if (size == 0 || (errno != EAGAIN && errno != EINTR)) ours_.reset();
    return 0;
  }
  // Takes what the program left behind, and no more: a grandchild could go on writing for ever.
  void finish(const Sink& sink) {
    int left = 0;
    if (!ours_.valid() || ioctl(ours_.get(), FIONREAD, &left) != 0) return;
    for (auto rest = static_cast<size_t>(left); rest > 0 && ours_.valid();) {
      const size_t size = take(sink);
      if (size == 0) break;
      rest -= size < rest ? size : rest;
    }
  }

 private:
  Fd ours_;
};

constexpr int kLongestWait = INT32_MAX;  // of poll(2)

enum class Over { kEnded, kTimedOut, kInterrupted };

// Copies until the program ends, or is to be ended.
Over attend(int pidfd, Stream& out, Stream& err, const Run& how) {
  const int64_t deadline = how.timeout > 0 ? now() + how.timeout : 0;
  for (;;) {
    int wait = -1;
    if (deadline != 0) {
      const int64_t left = deadline - now();
      if (left <= 0) return Over::kTimedOut;
      wait = left < kLongestWait ? static_cast<int>(left) : kLongestWait;
    }
    pollfd watched[4] = {{pidfd, POLLIN, 0}, {out.fd(), POLLIN, 0}, {err.fd(), POLLIN, 0}, {how.interrupt, POLLIN, 0}};
    if (poll(watched, 4, wait) <= 0) continue;
    if (watched[1].revents != 0) out.take(how.out);
    if (watched[2].revents != 0) err.take(how.err);
    if (watched[0].revents != 0) return Over::kEnded;
    if (watched[3].revents != 0) return Over::kInterrupted;
  }
}

}  // namespace

Result<Ended> run(Program program, const Run& how) {
  auto input = file_with(how.input);
  TSRUN_TRY(input.status());
  Stream out;
  Stream err;
  Fd theirs[2];
  TSRUN_TRY(out.open(theirs[0]));
  if (!how.our_stderr) TSRUN_TRY(err.open(theirs[1]));
  program.streams[0] = input->get();
  program.streams[1] = theirs[0].get();
  program.streams[2] = theirs[1].get();
  program.group = how.timeout > 0;
  auto child = start(program);
  TSRUN_TRY(child.status());
  theirs[0].reset();
  theirs[1].reset();

  Ended ended;
  const Over over = attend(child->pidfd.get(), out, err, how);
  ended.timed_out = over == Over::kTimedOut;
  ended.interrupted = over == Over::kInterrupted;
  if (over != Over::kEnded) {
    // Not reaped yet, so the number is still its own and its group's.
    if (program.group) kill(-child->pid, SIGKILL);
    sys::pidfd_send_signal(child->pidfd.get(), SIGKILL, nullptr, 0);
  }
  auto status = reap(child->pidfd.get());
  TSRUN_TRY(status.status());
  ended.status = *status;
  out.finish(how.out);
  err.finish(how.err);
  return ended;
}

void Tail::take(void* self, std::string_view piece) {
  auto& tail = *static_cast<Tail*>(self);
  if (piece.size() > kSize) piece.remove_prefix(piece.size() - kSize);
  const size_t keep = tail.size_ + piece.size() > kSize ? kSize - piece.size() : tail.size_;
  memmove(tail.data_, tail.data_ + tail.size_ - keep, keep);
  memcpy(tail.data_ + keep, piece.data(), piece.size());
  tail.size_ = keep + piece.size();
}

}  // namespace tsrun
