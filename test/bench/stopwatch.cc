// Times commands from outside, with as little of its own in the figure as can be: vfork, exec, wait.
//
// Reads one command a line on stdin, its words separated by tabs, a first word NAME=VALUE being for its environment; answers with a line:
// nanoseconds, exit status. What the commands print is thrown away, but for the last line on stderr of one that failed, which follows as a
// third field.

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

extern char** environ;

int main() {
  // Containers outlive the command that made them: they become our children, to be reaped at once by `wait PID`.
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  char pattern[] = "/tmp/tsrun-stopwatch-XXXXXX";
  const int errors = mkostemp(pattern, O_CLOEXEC);
  unlink(pattern);
  for (std::string line; std::getline(std::cin, line);) {
    std::vector<std::string> words;
    std::istringstream fields(line);
    for (std::string word; std::getline(fields, word, '\t');) words.push_back(word);
    if (words[0] == "wait") {
      waitpid(std::stoi(words[1]), nullptr, 0);
      std::cout << "0\t0\t" << std::endl;
      continue;
    }
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<char*> environment;
    for (char** entry = environ; *entry != nullptr; entry++) environment.push_back(*entry);
    const bool extra = words[0].find('=') != std::string::npos;
    if (extra) environment.push_back(argv[0]);
    environment.push_back(nullptr);
    char** command = argv.data() + (extra ? 1 : 0);
    (void)!ftruncate(errors, 0);
    lseek(errors, 0, SEEK_SET);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, null, 0);
    posix_spawn_file_actions_adddup2(&actions, null, 1);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    pid_t pid = -1;
    int status = 0;
    const auto begin = std::chrono::steady_clock::now();
    const int err = posix_spawnp(&pid, command[0], &actions, nullptr, command, environment.data());
    if (err == 0) waitpid(pid, &status, 0);
    const auto end = std::chrono::steady_clock::now();
    posix_spawn_file_actions_destroy(&actions);
    const int code = err != 0 ? 127 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    std::string words_of_failure;
    if (code != 0) {
      char text[4096];
      const ssize_t length = pread(errors, text, sizeof text, 0);
      for (const char c : std::string(text, length > 0 ? static_cast<size_t>(length) : 0))
        words_of_failure += c == '\n' || c == '\t' ? ' ' : c;
    }
    std::cout << std::chrono::duration_cast<std::chrono::nanoseconds>(end - begin).count() << '\t' << code << '\t' << words_of_failure
              << std::endl;
  }
}
