// What is to be called once something is gone: an object that was collected, or else the environment itself.
#pragma once

#include "engine/interface.h"

namespace tsrun::engine {

// A member of a list, of one at a time.
class Listed {
 public:
  Listed() = default;
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;
  void unlink();
  void link_before(Listed& other);
  [[nodiscard]] Listed* next() const { return next_; }  // NOLINT(clang-analyzer-cplusplus.NewDelete): who goes unlinks itself

 protected:
  ~Listed() { unlink(); }

 private:
  Listed* previous_ = this;
  Listed* next_ = this;
};

// A callback with its data, called at most once. Whoever makes one with `new` lets it delete itself afterwards, unless `held`.
class Finalizer : public Listed {
 public:
  Finalizer(napi_finalize callback, void* data, void* hint) : callback_(callback), data_(data), hint_(hint) {}
  Finalizer(const Finalizer&) = delete;
  Finalizer& operator=(const Finalizer&) = delete;
  virtual ~Finalizer() = default;

  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] bool has_callback() const { return callback_ != nullptr; }
  // It is not to be called any more.
  void forget() { callback_ = nullptr; }

  // Off its list and called, the end of it. An exception of the callback stays pending in `env`.
  void run(napi_env env);

 protected:
  // Asked before the call: whether it is to be deleted afterwards. Who says no is not touched any more: the callback may delete it.
  virtual bool ends() { return true; }

 private:
  napi_finalize callback_;
  void* data_;
  void* hint_;
};

// All finalizers of an environment.
class Finalizers {
 public:
  Finalizers() = default;
  Finalizers(const Finalizers&) = delete;
  Finalizers& operator=(const Finalizers&) = delete;

  // It waits for what it belongs to. Those without a callback are kept apart: others may use them until the last.
  void wait(Finalizer& one) { one.link_before(one.has_callback() ? *waiting_.next() : *silent_.next()); }
  // What it belongs to is gone: it runs at the next turn.
  void queue(Finalizer& one) { one.link_before(queued_); }

  // Runs what is queued. False when one left an exception in `env`: the rest stays queued.
  bool run_queued(napi_env env);
  // Runs all there are, whatever they throw.
  void run_all(napi_env env);

 private:
  struct End : Listed {};
  static Finalizer* first(const End& list);
  static void run_list(napi_env env, const End& list);

  End waiting_;
  End silent_;
  End queued_;
};

}  // namespace tsrun::engine
