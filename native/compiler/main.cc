// compile [--lines] NAME SOURCE TARGET: a tool of the build. Compiles a script to the engine's bytecode, without its source and, but for
// --lines, without line numbers, which --debug alone needs. In stack traces the script is called NAME.
#include <quickjs.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

namespace {

// A checksum that JS_ReadObject takes for one that need not be compared: what it reads is part of the program itself.
constexpr size_t kChecksumAt = 1;
constexpr uint8_t kNoChecksum[] = {0xff, 0xff, 0xff, 0xff};

int fail(const std::string& words) {
  fprintf(stderr, "compile: %s\n", words.c_str());
  return 1;
}

int compile(bool lines, const char* name, const char* source, const char* target) {
  std::ifstream in(source);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) return fail(std::string("cannot read ") + source);
  JSRuntime* runtime = JS_NewRuntime();
  JSContext* context = JS_NewContext(runtime);
  JS_SetMaxStackSize(runtime, 0);
  const JSValue code = JS_Eval(context, text.c_str(), text.size(), name, JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
  if (JS_IsException(code)) {
    const JSValue error = JS_GetException(context);
    return fail(std::string(source) + ": " + JS_ToCString(context, error));
  }
  const int strip = JS_WRITE_OBJ_STRIP_SOURCE | (lines ? 0 : JS_WRITE_OBJ_STRIP_DEBUG);
  size_t size = 0;
  uint8_t* bytes = JS_WriteObject(context, &size, code, JS_WRITE_OBJ_BYTECODE | strip);
  if (bytes == nullptr) return fail(std::string("cannot write the bytecode of ") + source);
  memcpy(bytes + kChecksumAt, kNoChecksum, sizeof kNoChecksum);
  std::ofstream out(target, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes), static_cast<std::streamsize>(size));
  return out.flush() ? 0 : fail(std::string("cannot write ") + target);
}

}  // namespace

int main(int argc, char** argv) {
  const bool lines = argc > 1 && strcmp(argv[1], "--lines") == 0;
  if (argc != (lines ? 5 : 4)) return fail("compile [--lines] NAME SOURCE TARGET");
  char** words = argv + (lines ? 2 : 1);
  return compile(lines, words[0], words[1], words[2]);
}
