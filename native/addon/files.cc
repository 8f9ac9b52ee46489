// What is in files, for TypeScript: it imports no file library of the engine's, whose start-up would cost more than a container.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "addon/values.h"
#include "base/fd.h"

namespace tsrun {
namespace {

using Info = Napi::CallbackInfo;

Result<std::string> read_to_end(int fd, size_t max, const std::string& what) {
  std::string text;
  struct stat status = {};
  if (fstat(fd, &status) == 0 && status.st_size > 0) {
    if (static_cast<size_t>(status.st_size) > max) return Status(EFBIG, "read", what);
    text.reserve(static_cast<size_t>(status.st_size) + 1);
  }
  char buffer[16384];
  for (;;) {
    const ssize_t length = read(fd, buffer, sizeof buffer);
    if (length < 0) {
      if (errno == EINTR) continue;
      return failed("read", what);
    }
    if (length == 0) return text;
    text.append(buffer, static_cast<size_t>(length));
    if (text.size() > max) return Status(EFBIG, "read", what);
  }
}

// All of it, also to a pipe or socket whose reader is gone: an error then, no signal.
Status write_all(int fd, const std::string& text, const std::string& what) {
  bool socket = true;
  for (size_t at = 0; at < text.size();) {
    ssize_t length = socket ? send(fd, text.data() + at, text.size() - at, MSG_NOSIGNAL) : write(fd, text.data() + at, text.size() - at);
    if (length < 0 && socket && errno == ENOTSOCK) {
      socket = false;
      continue;
    }
    if (length < 0) {
      if (errno == EINTR) continue;
      return failed("write", what);
    }
    at += static_cast<size_t>(length);
  }
  return {};
}

Napi::Value read_file(const Info& info) {
  const auto path = text_at(info, 0);
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) throw error_of(info.Env(), failed("open", path));
  auto text = read_to_end(fd.get(), static_cast<size_t>(number_at(info, 1)), path);
  check(info.Env(), text.status());
  return Napi::String::New(info.Env(), *text);
}

Napi::Value read_descriptor(const Info& info) {
  const auto fd = static_cast<int>(number_at(info, 0));
  auto text = read_to_end(fd, static_cast<size_t>(number_at(info, 1)), "descriptor " + std::to_string(fd));
  check(info.Env(), text.status());
  return Napi::String::New(info.Env(), *text);
}

void write_file_atomic(const Info& info) {
  const auto path = text_at(info, 0);
  const auto text = text_at(info, 1);
  const auto mode = static_cast<mode_t>(number_at(info, 2));
  const std::string temporary = path + "." + std::to_string(getpid()) + ".tmp";
  const auto write_it = [&]() -> Status {
    const Fd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd.valid()) return failed("create", path);
    TSRUN_TRY(write_all(fd.get(), text, path));
    if (rename(temporary.c_str(), path.c_str()) != 0) return failed("rename a new file to", path);
    return {};
  };
  const auto status = write_it();
  if (!status.ok()) unlink(temporary.c_str());
  check(info.Env(), status);
}

void write_file(const Info& info) {
  const auto path = text_at(info, 0);
  const auto text = text_at(info, 1);
  const Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) throw error_of(info.Env(), failed("open", path));
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw error_of(info.Env(), failed("write \"" + text.substr(0, 64) + "\" to", path));
  }
}

void append_file(const Info& info) {
  const auto path = text_at(info, 0);
  const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_SYNC | O_CLOEXEC | O_NOCTTY, 0644));
  if (!fd.valid()) throw error_of(info.Env(), failed("open", path));
  check(info.Env(), write_all(fd.get(), text_at(info, 1), path));
}

void write_descriptor(const Info& info) {
  const auto fd = static_cast<int>(number_at(info, 0));
  // SIGPIPE would end us where the engine does not ignore it.
  sigset_t pipe_signal;
  sigset_t before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const auto status = write_all(fd, text_at(info, 1), "descriptor " + std::to_string(fd));
  if (status.err() == EPIPE) {
    const struct timespec now = {};
    sigtimedwait(&pipe_signal, nullptr, &now);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  check(info.Env(), status);
}

Napi::Value open_file(const Info& info) {
  const auto path = text_at(info, 0);
  const int fd = open(path.c_str(), static_cast<int>(number_at(info, 1)) | O_CLOEXEC | O_NOCTTY, 0600);
  if (fd < 0) throw error_of(info.Env(), failed("open", path));
  return Napi::Number::New(info.Env(), fd);
}

void close_file(const Info& info) { close(static_cast<int>(number_at(info, 0))); }

void lock_file(const Info& info) {
  const int operation = LOCK_EX | (bool_at(info, 1) ? 0 : LOCK_NB);
  while (flock(static_cast<int>(number_at(info, 0)), operation) != 0) {
    if (errno != EINTR) throw error_of(info.Env(), failed("lock"));
  }
}

}  // namespace

void register_files(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto function) { exports.Set(name, Napi::Function::New(env, function, name)); };
  add("readFile", read_file);
  add("read", read_descriptor);
  add("writeFileAtomic", write_file_atomic);
  add("writeFile", write_file);
  add("appendFile", append_file);
  add("write", write_descriptor);
  add("open", open_file);
  add("close", close_file);
  add("lock", lock_file);
}

}  // namespace tsrun
