// References: a value that an addon keeps beyond a call, strongly while its count is above zero, else weakly.
#pragma once

#include "engine/companions.h"
#include "engine/env.h"

namespace tsrun::engine {

// A reference's place in the list of those that the companion of its object tells when the object is gone.
class Attached : public Listed {
 public:
  explicit Attached(napi_ref__& reference) : reference_(reference) {}
  [[nodiscard]] napi_ref__& reference() const { return reference_; }
  [[nodiscard]] bool is() const { return next() != this; }

 private:
  napi_ref__& reference_;
};

// Whose it is: the addon's, which deletes it, or its own, gone with its object.
enum class Owner { kAddon, kItself };

}  // namespace tsrun::engine

// Node-API's own name for it.
struct napi_ref__ : tsrun::engine::Finalizer {
  napi_ref__(napi_env its_env, JSValueConst value, uint32_t its_count, tsrun::engine::Owner its_owner, napi_finalize callback,
             void* its_data, void* hint);
  napi_ref__(const napi_ref__&) = delete;
  napi_ref__& operator=(const napi_ref__&) = delete;
  ~napi_ref__() override;

  // A new one, linked to its object; null with the exception in the context when that fails.
  static napi_ref make(napi_env env, JSValueConst value, uint32_t count, tsrun::engine::Owner owner, napi_finalize callback = nullptr,
                       void* data = nullptr, void* hint = nullptr);

  // The counts after it; zero when the object is gone.
  uint32_t up();
  uint32_t down();

  // A new value of what is referred to, or JS_UNINITIALIZED when it is gone.
  [[nodiscard]] JSValue get() const;

  // The object is gone, or no longer wraps what this one leads to.
  void collected();
  void unwrapped() { wraps = nullptr; }

  napi_env env;
  uint32_t count;
  tsrun::engine::Owner owner;
  tsrun::engine::Attached attached;
  tsrun::engine::Companion* wraps = nullptr;

 protected:
  bool ends() override;

 private:
  // Lets go of the value; false with the exception in the context when nobody could tell us of its end.
  bool weaken();
  void let_go();

  // Owned while `strong_`; else only the address of what lives as long as it is attached.
  JSValue value_;
  bool strong_;
};
