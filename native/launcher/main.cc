// tsrun as it is called: records what the JS engine would change or act upon, clears it away, and becomes the engine.
// It is static, so that neither LD_LIBRARY_PATH nor the working directory decides which code runs.
//
// What it found out goes on in variables that src/launch.ts takes out again:
//   TSRUN_LAUNCH_PID      our process id, which execve keeps: what says another one was meant for somebody else
//   TSRUN_LAUNCH_NAME     the name we were called by
//   TSRUN_LAUNCH_CWD      the working directory; absent when it has no name any more
//   TSRUN_LAUNCH_FDS      open descriptors from 3 on: 3,7-9
//   TSRUN_LAUNCH_NOFILE   RLIMIT_NOFILE, soft:hard
//   TSRUN_LAUNCH_IGNORED  ignored signals: 13,25
//   TSRUN_ENV_NAME        the variable NAME, kept from the engine
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/status.h"
#include "launcher/caller.h"
#include "launcher/environment.h"

namespace tsrun {
namespace {

using Path = Text<PATH_MAX + 64>;

[[noreturn]] void fail(const Status& status) {
  dprintf(STDERR_FILENO, "tsrun: %s: %s\n", status.text().data(), strerror(status.err()));
  exit(1);
}

// `path` is absolute, and "" stands for the root.
std::string_view parent_of(std::string_view path) { return path.empty() ? path : std::string_view(path.data(), path.rfind('/')); }

// The directory with tsrun-js in it: libexec/ beside this program, or ../libexec/tsrun where this program is installed in
// a bin/. Fails with ENOENT when it is in neither.
Status find_libexec(Path& directory) {
  char program[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program);
  if (length < 0) return failed("readlink", "/proc/self/exe");
  const std::string_view home = parent_of({program, static_cast<size_t>(length)});
  const std::string_view candidates[][2] = {{home, "/libexec"}, {parent_of(home), "/libexec/tsrun"}};
  for (const auto& [start, rest] : candidates) {
    Path engine;
    engine.append(start).append(rest).append("/tsrun-js");
    if (access(engine.c_str(), X_OK) != 0) continue;
    directory.append(start).append(rest);
    return {};
  }
  return {ENOENT, "find libexec/tsrun-js beside", {program, static_cast<size_t>(length)}};
}

Status launch(int argc, char** argv) {
  TSRUN_TRY(fill_standard_descriptors());
  Path libexec;
  TSRUN_TRY(find_libexec(libexec));

  const char* name = argc > 0 ? argv[0] : "";
  if (const char* slash = strrchr(name, '/'); slash != nullptr) name = slash + 1;
  if (*name == 0) name = "tsrun";

  Environment environment(environ, 7);
  Text<16> pid;
  environment.add("TSRUN_LAUNCH_PID", pid.append_number(getpid()).c_str());
  environment.add("TSRUN_LAUNCH_NAME", name);
  char cwd[PATH_MAX];
  if (getcwd(cwd, sizeof cwd) != nullptr) environment.add("TSRUN_LAUNCH_CWD", cwd);
  static char descriptors[100'000];  // one variable holds 128 KiB at most
  TSRUN_TRY(open_descriptors(descriptors, sizeof descriptors));
  environment.add("TSRUN_LAUNCH_FDS", descriptors);
  environment.add("TSRUN_LAUNCH_NOFILE", descriptor_limit().c_str());
  environment.add("TSRUN_LAUNCH_IGNORED", ignored_signals().c_str());
  // without its compilers the engine starts faster and makes no threads for them
  environment.add("BUN_JSC_useJIT", "0");
  if (environment.entries() == nullptr) return {ENOMEM, "copy the environment"};

  // the engine does not start in a deleted directory, and looks for files to act on in any other
  if (chdir("/") != 0) return failed("chdir", "/");
  Path engine;
  engine.append(libexec.view()).append("/tsrun-js");
  char fallback[] = "tsrun";
  char* no_arguments[] = {fallback, nullptr};
  execve(engine.c_str(), argc > 0 ? argv : no_arguments, environment.entries());
  return failed("execute", engine.view());
}

}  // namespace
}  // namespace tsrun

int main(int argc, char** argv) { tsrun::fail(tsrun::launch(argc, argv)); }
