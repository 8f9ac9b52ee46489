// The TypeScript, compiled ahead (native/compiler) and part of this program: scripts by name, each read when it is first needed.
#pragma once

#include <quickjs.h>

#include <cstdint>

namespace tsrun {

// One script, as the build lists them. `bytecode` is what JS_WriteObject made of a script whose value is a function
// (need, module, exports, executable), as CommonJS has them.
struct Script {
  const char* name;
  const uint8_t* bytecode;
  const uint8_t* end;
};

extern "C" {
extern const Script tsrun_scripts[];
extern const uint32_t tsrun_script_count;
}

class Scripts {
 public:
  // Takes over `executable`, what scripts get to know of this program. One at a time.
  Scripts(JSContext* context, JSValue executable);
  Scripts(const Scripts&) = delete;
  Scripts& operator=(const Scripts&) = delete;
  ~Scripts() = default;  // the process ends with it

  // What the script exports; a name that is no script's is a module of the script `core`. The caller owns it; JS_EXCEPTION.
  JSValue need(const char* name);

 private:
  JSValue run(const Script& script);

  static constexpr uint32_t kMost = 64;
  JSContext* context_;
  JSValue executable_;
  JSValue need_;
  JSValue exports_[kMost];
};

}  // namespace tsrun
