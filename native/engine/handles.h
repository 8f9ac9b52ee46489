// Handles: what a napi_value points to. A stack of values in blocks, so that a value stays where it is while others come; a scope is a
// height of the stack.
#pragma once

#include <quickjs.h>

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "engine/interface.h"

namespace tsrun::engine {

class Handles {
 public:
  explicit Handles(JSContext* context) : context_(context) {}
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() { cut(0); }

  // A handle for a value that is taken over.
  napi_value push(JSValue value) {
    JSValue* slot = next();
    *slot = value;
    return reinterpret_cast<napi_value>(slot);
  }

  [[nodiscard]] size_t height() const { return height_; }

  // The slot at a height, which is below the present one.
  JSValue* at(size_t height) { return height < kBlock ? &first_[height] : &more_[height / kBlock - 1][height % kBlock]; }

  // Releases all handles from `height` on; of the blocks that are empty then one is kept.
  void cut(size_t height);

 private:
  static constexpr size_t kBlock = 128;

  JSValue* next() {
    const size_t block = height_ / kBlock;
    if (block > more_.size()) more_.push_back(std::make_unique<JSValue[]>(kBlock));
    return at(height_++);
  }

  JSContext* context_;
  size_t height_ = 0;
  std::array<JSValue, kBlock> first_;  // not initialised: a call seldom needs more than the first few
  std::vector<std::unique_ptr<JSValue[]>> more_;
};

// A scope of a call that the engine makes into an addon.
class Scope {
 public:
  explicit Scope(Handles& handles) : handles_(handles), height_(handles.height()) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { handles_.cut(height_); }

 private:
  Handles& handles_;
  size_t height_;
};

}  // namespace tsrun::engine
