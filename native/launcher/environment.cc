#include "launcher/environment.h"

#include <cstdlib>
#include <cstring>

namespace tsrun {
namespace {

// Bun's and JavaScriptCore's options, the allocators', the dynamic loader's and those of the C library that name files
// to load: each of them makes the engine run, load or be something else.
constexpr const char* kEngine[] = {"BUN_", "NODE_", "JSC_", "MIMALLOC_", "MALLOC_", "LD_", "GLIBC_TUNABLES=", "GCONV_PATH=", "LOCPATH="};

// What the launcher tells TypeScript: it must come from nobody else.
constexpr const char* kOwn[] = {"TSRUN_LAUNCH", "TSRUN_ENV_"};

template <size_t N>
bool starts_with_any(const char* text, const char* const (&prefixes)[N]) {
  for (const char* prefix : prefixes) {
    if (strncmp(text, prefix, strlen(prefix)) == 0) return true;
  }
  return false;
}

}  // namespace

Environment::Environment(char** caller, size_t additional) {
  size_t size = 0;
  while (caller[size] != nullptr) size++;
  limit_ = size + additional;
  entries_ = static_cast<char**>(calloc(limit_ + 1, sizeof(char*)));
  for (size_t i = 0; i < size; i++) {
    if (strchr(caller[i], '=') == nullptr || starts_with_any(caller[i], kOwn)) continue;
    append(starts_with_any(caller[i], kEngine) ? "TSRUN_ENV_" : "", "", caller[i]);
  }
}

void Environment::add(const char* name, const char* value) { append(name, "=", value); }

void Environment::append(const char* a, const char* b, const char* c) {
  if (entries_ == nullptr) return;
  const size_t sizes[] = {strlen(a), strlen(b), strlen(c)};
  auto* text = count_ == limit_ ? nullptr : static_cast<char*>(malloc(sizes[0] + sizes[1] + sizes[2] + 1));
  if (text == nullptr) {
    free(static_cast<void*>(entries_));
    entries_ = nullptr;
    return;
  }
  memcpy(text, a, sizes[0]);
  memcpy(text + sizes[0], b, sizes[1]);
  memcpy(text + sizes[0] + sizes[1], c, sizes[2] + 1);
  entries_[count_++] = text;
}

}  // namespace tsrun
