// What is in files, for TypeScript: it imports no file library of the engine's, whose start-up would cost more than a container.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addon/values.h"
#include "base/fd.h"
#include "base/named_file_host.h"
#include "base/sockets_host.h"

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
  check(info.Env(), replace_file(text_at(info, 0), text_at(info, 1), static_cast<mode_t>(number_at(info, 2))));
}

void make_file(const Info& info) {
  check(info.Env(), create_file(text_at(info, 0), text_at(info, 1), static_cast<mode_t>(number_at(info, 2))));
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

void open_to_append(const Info& info) { check(info.Env(), open_log(text_at(info, 0), true).status()); }

Napi::Value write_text(const Info& info, int fd, const std::string& what) {
  const auto written = write_or_end(fd, text_at(info, 1), what);
  check(info.Env(), written.status());
  return Napi::Boolean::New(info.Env(), written.value());
}

Napi::Value append_file(const Info& info) {
  const auto path = text_at(info, 0);
  auto fd = open_log(path, false);
  check(info.Env(), fd.status());
  return write_text(info, fd->get(), path);
}

Napi::Value write_descriptor(const Info& info) {
  const auto fd = static_cast<int>(number_at(info, 0));
  return write_text(info, fd, "descriptor " + std::to_string(fd));
}

Napi::Value open_for(const Info& info, int flags) {
  const auto path = text_at(info, 0);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | flags);
  if (fd < 0) throw error_of(info.Env(), failed("open", path));
  return Napi::Number::New(info.Env(), fd);
}

Napi::Value open_file(const Info& info) { return open_for(info, 0); }

Napi::Value open_directory(const Info& info) { return open_for(info, O_DIRECTORY); }

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
  add("createFile", make_file);
  add("writeFile", write_file);
  add("openToAppend", open_to_append);
  add("appendFile", append_file);
  add("write", write_descriptor);
  add("open", open_file);
  add("openDirectory", open_directory);
  add("close", close_file);
  add("lock", lock_file);
}

}  // namespace tsrun
