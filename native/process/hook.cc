#include "process/hook.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>

#include "base/run.h"
#include "base/syscalls.h"
#include "process/capabilities.h"
#include "seccomp/load.h"

namespace tsrun {
namespace {

// Texts of the plan as execve wants them; `ok` is false without memory.
struct Texts {
  size_t size = 0;
  char** list = nullptr;
  bool ok = false;

  Texts(Arguments& arguments, size_t count) : size((count + 2) * sizeof(char*)) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ok = memory != MAP_FAILED;
    list = ok ? static_cast<char**>(memory) : nullptr;
    for (size_t i = 0; i < count; i++) {
      const char* text = arguments.text();
      if (ok) list[i] = const_cast<char*>(text);
    }
  }
  Texts(const Texts&) = delete;
  Texts& operator=(const Texts&) = delete;
  ~Texts() {
    if (ok) munmap(list, size);
  }
};

constexpr uint64_t kLongestTimeout = INT32_MAX * 1000ULL;  // milliseconds: what the config may say in seconds

// What a hook gets of the user's program's.
struct Confinement {
  sock_fprog filter = {};
  unsigned flags = 0;
  bool lower = false;
  CapabilitySets sets;
};

bool confine(const void* argument) {
  const auto& confinement = *static_cast<const Confinement*>(argument);
  auto filter = confinement.filter;
  if (sys::seccomp(SECCOMP_SET_MODE_FILTER, confinement.flags, &filter) != 0) return false;
  return !confinement.lower || set_capabilities(confinement.sets);
}

// As much of the end of what it said as an error has room for.
std::string_view last_words(const Tail& tail) {
  auto text = tail.view();
  while (!text.empty() && (text.back() == '\n' || text.back() == 0)) text.remove_suffix(1);
  constexpr size_t kRoom = 256;
  return text.size() > kRoom ? text.substr(text.size() - kRoom) : text;
}

}  // namespace

Status hook(Context& context, Arguments arguments) {
  const char* kind = arguments.text();
  const auto index = static_cast<long long>(arguments.number(INT32_MAX));
  const char* path = arguments.text();
  const size_t args = arguments.count();
  const Texts argv(arguments, args);
  const Texts envp(arguments, arguments.count());
  const auto timeout = static_cast<int64_t>(arguments.number(kLongestTimeout));
  const bool program_env = arguments.number(1) != 0;
  const bool in_root = arguments.number(1) != 0;
  const bool filtered = arguments.number(1) != 0;
  Confinement confinement;
  confinement.flags = static_cast<unsigned>(arguments.number(UINT32_MAX));
  confinement.lower = arguments.number(1) != 0;
  confinement.sets = take_sets(arguments);
  TSRUN_TRY(arguments.finish());
  if (!argv.ok || !envp.ok) return {ENOMEM, "prepare hook", path};
  if (args == 0) argv.list[0] = const_cast<char*>(path);

  Text<384> doing;
  doing.append("error running ").append({kind, strnlen(kind, 32)}).append(" hook #").append_number(index).append(": ");
  Tail err;
  Program program;
  program.path = path;
  program.argv = argv.list;
  program.envp = program_env && context.envp != nullptr ? context.envp : envp.list;
  if (in_root) program.directory = context.root.get();
  if (filtered) {
    TSRUN_TRY(take_filter(confinement.filter));
    program.confine = confine;
    program.confinement = &confinement;
  }
  Run how;
  how.input = context.reply == nullptr ? "" : context.reply;
  how.timeout = timeout;
  how.err = err.sink();
  // createContainer: a program of the host's, with our rights. Nobody else is in our pid namespace yet, or we are not in the given one
  // (src/plan/create.ts); what it does in the root file system, which others may be changing, is for it to look out.
  // startContainer: a program of the image's, in sight of all, and confined as the user's.
  const auto ended = run(program, how);
  if (!ended.ok()) return {ended.status().err(), doing.append(ended.status().text()).view()};
  if (ended.value().timed_out) {
    doing.append("timeout of ").append_number(timeout).append(" ms exceeded");
  } else if (ended.value().status == 0) {
    return {};
  } else {
    doing.append("exit status ").append_number(ended.value().status);
  }
  return {kNoErrorWords, doing.append(", stderr: ").append(last_words(err)).view()};
}

}  // namespace tsrun
