// What is in /dev: device nodes with their numbers, links with where they lead.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "demo/report.h"

namespace tsrun::demo {

void report_devices() {
  heading("/dev");
  dirent** entries = nullptr;
  const int count = scandir("/dev", &entries, nullptr, alphasort);
  if (count < 0) {
    line("", "%s", "there is none");
    return;
  }
  const int directory = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < count; i++) {
    const char* name = entries[i]->d_name;
    struct stat status = {};
    if (name[0] != '.' && fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
      char target[256] = "";
      if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
        line(name, "%s device %u:%u, mode %04o", S_ISCHR(status.st_mode) ? "character" : "block", major(status.st_rdev),
             minor(status.st_rdev), status.st_mode & 07777);
      } else if (S_ISLNK(status.st_mode)) {
        const ssize_t length = readlinkat(directory, name, target, sizeof target - 1);
        line(name, "-> %s", length < 0 ? "?" : target);
      } else {
        line(name, "%s", S_ISDIR(status.st_mode) ? "directory" : "file");
      }
    }
    free(entries[i]);
  }
  free(static_cast<void*>(entries));
  close(directory);
}

}  // namespace tsrun::demo
