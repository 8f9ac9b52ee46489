// The environment the JS engine starts with: nothing in it that the engine itself would act on.
#pragma once

#include <cstddef>

namespace tsrun {

class Environment {
 public:
  // From the caller's environment, NULL-terminated. Variables that steer the engine or its libraries come back under the
  // name TSRUN_ENV_NAME, for the hooks' environment; names that are the launcher's own are dropped. Takes room for
  // `additional` further entries.
  Environment(char** caller, size_t additional);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // Adds `name`=`value`.
  void add(const char* name, const char* value);

  // NULL-terminated, as execve takes it; nullptr when memory ran out on the way.
  [[nodiscard]] char** entries() const { return entries_; }

 private:
  // Adds the three texts one after the other as one entry.
  void append(const char* a, const char* b, const char* c);

  char** entries_;
  size_t count_ = 0;
  size_t limit_;
};

}  // namespace tsrun
