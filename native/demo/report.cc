#include "demo/report.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "base/fd.h"

namespace tsrun::demo {

void heading(const char* title) { printf("\n%s\n", title); }

void line(const char* name, const char* format, ...) {
  printf("  %-16s ", name);
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  putchar('\n');
}

const char* read_small(const char* path) {
  static char text[16384];
  const Fd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return nullptr;
  size_t size = 0;
  // procfs gives a file in pieces
  while (size < sizeof text - 1) {
    const ssize_t count = read(file.get(), text + size, sizeof text - 1 - size);
    if (count < 0) return nullptr;
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  if (size > 0 && text[size - 1] == '\n') size--;
  text[size] = 0;
  return text;
}

const char* field(const char* path, const char* key) {
  static char value[1024];
  const char* text = read_small(path);
  const size_t length = strlen(key);
  while (text != nullptr) {
    if (strncmp(text, key, length) == 0 && text[length] == ':') {
      text += length + 1;
      text += strspn(text, " \t");
      snprintf(value, sizeof value, "%.*s", static_cast<int>(strcspn(text, "\n")), text);
      return value;
    }
    text = strchr(text, '\n');
    if (text != nullptr) text++;
  }
  return nullptr;
}

}  // namespace tsrun::demo
