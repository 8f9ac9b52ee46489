#include "process/program.h"

#include <sys/mman.h>

#include "process/lookup.h"

namespace tsrun {
namespace {

constexpr std::string_view kHome = "HOME=";
constexpr std::string_view kPath = "PATH=";

// An array of `count` pointers to the next arguments, with room for one more, ending in nullptr.
char** take_texts(Arguments& arguments, size_t count) {
  const size_t size = (count + 2) * sizeof(char*);
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto** texts = static_cast<char**>(memory);
  // execve's type is not const, but it changes nothing; the plan itself is mapped read-only.
  for (size_t i = 0; i < count; i++) texts[i] = const_cast<char*>(arguments.text());
  return texts;
}

// Sets HOME where it is missing or empty. The array has room for it.
void add_home(char** envp, std::string_view home) {
  static Text<4096 + 8> variable;
  variable.clear();
  variable.append(kHome).append(home.empty() ? "/" : home);
  size_t at = 0;
  for (; envp[at] != nullptr; at++) {
    const std::string_view set = envp[at];
    if (set == kHome) break;
    if (set.starts_with(kHome)) return;
  }
  envp[at] = const_cast<char*>(variable.c_str());
}

const char* path_of(char** envp) {
  for (; *envp != nullptr; envp++) {
    if (std::string_view(*envp).starts_with(kPath)) return *envp + kPath.size();
  }
  return nullptr;
}

}  // namespace

Status program(Context& context, Arguments arguments) {
  const size_t args = arguments.count();
  context.argv = take_texts(arguments, args);
  if (context.argv == nullptr) return {ENOMEM, "prepare the program's arguments"};
  const size_t env = arguments.count();
  context.envp = take_texts(arguments, env);
  if (context.envp == nullptr) return {ENOMEM, "prepare the program's environment"};
  context.preserved = static_cast<unsigned>(arguments.number(INT32_MAX / 2));
  const bool home = arguments.number(1) != 0;
  TSRUN_TRY(arguments.finish());
  if (args == 0) return {EINVAL, "execute: no program given"};

  if (home) add_home(context.envp, context.home.view());
  static Text<4096> buffer;
  auto found = find_program(context.argv[0], path_of(context.envp), buffer);
  TSRUN_TRY(found.status());
  context.program = *found;
  return {};
}

}  // namespace tsrun
