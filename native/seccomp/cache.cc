#include "seccomp/cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdio>

namespace tsrun {
namespace {

// At the front of a file; the key and the filter follow. Numbers are the machine's own: the cache never leaves it.
struct Header {
  char magic[8];
  uint64_t key_size;
  uint64_t filter_size;
  uint64_t filter_check;  // FNV-1a of the filter: a file cut short or never written out shows
};

constexpr char kMagic[8] = {'t', 's', 'r', 'u', 'n', 'b', 'p', 'f'};
constexpr size_t kMaxFile = 16 << 20;

// FNV-1a, 64 bits (RFC draft-eastlake-fnv).
uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

std::string path_of(const std::string& directory, std::string_view key) {
  char name[32];
  (void)snprintf(name, sizeof name, "/%016lx.bpf", static_cast<unsigned long>(fnv1a(key)));
  return directory + name;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

// Whether nobody but us can have written it.
bool is_ours(int fd, struct stat& status) {
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  return status.st_uid == geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool holds(std::string_view file, std::string_view key) {
  Header header = {};
  if (file.size() < sizeof header) return false;
  memcpy(&header, file.data(), sizeof header);
  file.remove_prefix(sizeof header);
  if (memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.key_size != key.size() || file.size() < key.size()) return false;
  if (file.substr(0, key.size()) != key) return false;
  file.remove_prefix(key.size());
  return !file.empty() && file.size() == header.filter_size && fnv1a(file) == header.filter_check;
}

Result<Fd> in_memory(std::string_view filter) {
  Fd memory(memfd_create("seccomp", MFD_CLOEXEC));
  if (!memory.valid()) return failed("memfd_create");
  if (!write_all(memory.get(), filter) || lseek(memory.get(), 0, SEEK_SET) != 0) return failed("write the seccomp filter");
  return memory;
}

// False: it could not be kept.
bool write_file(const std::string& path, std::string_view key, std::string_view filter) {
  // Two runtimes may be at it at once: each has a name of its own, and either result is right.
  const std::string temporary = path + "." + std::to_string(getpid());
  (void)unlink(temporary.c_str());
  const Fd file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return false;
  Header header = {};
  memcpy(header.magic, kMagic, sizeof kMagic);
  header.key_size = key.size();
  header.filter_size = filter.size();
  header.filter_check = fnv1a(filter);
  const bool written = write_all(file.get(), {reinterpret_cast<const char*>(&header), sizeof header}) && write_all(file.get(), key) &&
                       write_all(file.get(), filter);
  if (written && rename(temporary.c_str(), path.c_str()) == 0) return true;
  (void)unlink(temporary.c_str());
  return false;
}

}  // namespace

Fd open_cached_filter(const std::string& directory, std::string_view key) {
  Fd file(open(path_of(directory, key).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status = {};
  if (!file.valid() || !is_ours(file.get(), status)) return {};
  const auto size = static_cast<size_t>(status.st_size);
  if (size > kMaxFile || size < sizeof(Header) + key.size()) return {};
  std::string content(size, 0);
  if (pread(file.get(), content.data(), size, 0) != static_cast<ssize_t>(size) || !holds(content, key)) return {};
  if (lseek(file.get(), static_cast<off_t>(sizeof(Header) + key.size()), SEEK_SET) < 0) return {};
  return file;
}

Result<Fd> keep_filter(const std::string& directory, std::string_view key, std::string_view filter) {
  (void)mkdir(directory.c_str(), 0700);
  if (write_file(path_of(directory, key), key, filter)) {
    Fd file = open_cached_filter(directory, key);
    if (file.valid()) return file;
  }
  return in_memory(filter);
}

}  // namespace tsrun
