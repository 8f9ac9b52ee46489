// The TypeScript, compiled ahead (native/compiler) and part of this program: scripts by name, each read when it is first needed. Where the
// build has prepared a heap (prepared.h) all this has happened.
#pragma once

#include <quickjs.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tsrun {

struct Bytes {
  const uint8_t* begin;
  size_t size;
};

// One script: what JS_WriteObject made of a script whose value is a function (need, module, exports, executable), as CommonJS has them.
struct Script {
  std::string_view name;
  Bytes bytecode;
  Bytes debug;  // the same with line numbers, which are a thirtieth of a start
  Bytes lines;  // and where those come from (src/cli/stack.ts)
};

// The place of the script of that name in the payload (payload.h), which has scripts in it, from 0; -1: there is none.
int find_script(std::string_view name);
Script script_at(int place);

class Scripts {
 public:
  Scripts(JSContext* context, JSValue executable, bool debug);
  Scripts(const Scripts&) = delete;
  Scripts& operator=(const Scripts&) = delete;
  ~Scripts() = default;  // the process ends with it

  // What the script exports; a name that is no script's is a module of the script `core`. The caller owns it; JS_EXCEPTION.
  JSValue need(const char* name);

 private:
  JSValue run(const Script& script);

  static constexpr int kMost = 64;
  JSContext* context_;
  JSValue executable_;
  bool debug_;
  JSValue need_;
  JSValue exports_[kMost];
};

// All of them, as long as the process lives. Takes over `executable`, what scripts get to know of this program. With `debug` errors know
// the lines they come from. The first call decides.
Scripts& scripts_for(JSContext* context, JSValue executable, bool debug);
Scripts& scripts();

}  // namespace tsrun
