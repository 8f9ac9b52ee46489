#include "seccomp/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "base/named_file_host.h"

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
  if (!write_all(memory.get(), filter, "memory").ok() || lseek(memory.get(), 0, SEEK_SET) != 0) return failed("write the seccomp filter");
  return memory;
}

// What the cache holds at most. A file has some 20 KiB, and a host few profiles.
constexpr size_t kMostFiles = 64;
constexpr off_t kMostBytes = 16 << 20;
constexpr size_t kLargestKept = 1 << 20;

// False: it could not be kept.
bool write_file(const std::string& path, std::string_view key, std::string_view filter) {
  Header header = {};
  memcpy(header.magic, kMagic, sizeof kMagic);
  header.key_size = key.size();
  header.filter_size = filter.size();
  header.filter_check = fnv1a(filter);
  std::string content(reinterpret_cast<const char*>(&header), sizeof header);
  content.append(key).append(filter);
  // Two runtimes may be at it at once: either result is right.
  return content.size() <= kLargestKept && replace_file(path, content, 0600).ok();
}

struct Kept {
  std::string name;
  off_t size;
  timespec written;
};

std::vector<Kept> list(DIR* directory) {
  std::vector<Kept> files;
  while (const dirent* entry = readdir(directory)) {
    struct stat status = {};
    if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(status.st_mode)) continue;
    files.push_back({entry->d_name, status.st_size, status.st_mtim});
  }
  return files;
}

// Removes the files written longest ago until the rest is within bounds, also what a killed writer left. Safe beside others:
// who has a file open keeps it, who finds none compiles, and a writer whose new file went before its rename does without.
void evict(const std::string& path, const std::string& newest) {
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) return;
  auto files = list(directory);
  off_t bytes = 0;
  for (const auto& file : files) bytes += file.size;
  std::sort(files.begin(), files.end(), [](const Kept& a, const Kept& b) {
    return a.written.tv_sec != b.written.tv_sec ? a.written.tv_sec < b.written.tv_sec : a.written.tv_nsec < b.written.tv_nsec;
  });
  size_t count = files.size();
  for (const auto& file : files) {
    if (count <= kMostFiles && bytes <= kMostBytes) break;
    if (file.name == newest) continue;
    (void)unlinkat(dirfd(directory), file.name.c_str(), 0);
    count--;
    bytes -= file.size;
  }
  closedir(directory);
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
  const std::string path = path_of(directory, key);
  if (write_file(path, key, filter)) {
    evict(directory, path.substr(directory.size() + 1));
    Fd file = open_cached_filter(directory, key);
    if (file.valid()) return file;
  }
  return in_memory(filter);
}

}  // namespace tsrun
