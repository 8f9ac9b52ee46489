#include "engine/finalizers.h"

#include "engine/env.h"

namespace tsrun::engine {

void Listed::unlink() {
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = this;
}

void Listed::link_before(Listed& other) {
  unlink();
  previous_ = other.previous_;
  next_ = &other;
  previous_->next_ = this;
  other.previous_ = this;
}

void Finalizer::run(napi_env env) {
  unlink();
  const napi_finalize callback = callback_;
  void* data = data_;
  void* hint = hint_;
  const bool last = ends();
  if (callback != nullptr) {
    const Scope scope(env->handles);
    const int open_scopes = env->open_scopes;
    env->ok();
    callback(env, data, hint);
    env->open_scopes = open_scopes;
  }
  if (last) delete this;
}

Finalizer* Finalizers::first(const End& list) { return list.next() == &list ? nullptr : static_cast<Finalizer*>(list.next()); }

bool Finalizers::run_queued(napi_env env) {
  while (Finalizer* one = first(queued_)) {
    one->run(env);
    if (env->has_exception) return false;
  }
  return true;
}

void Finalizers::run_list(napi_env env, const End& list) {
  while (Finalizer* one = first(list)) {
    one->run(env);
    if (!env->has_exception) continue;
    env->has_exception = false;
    JS_FreeValue(env->context, std::exchange(env->exception, JS_UNDEFINED));
  }
}

void Finalizers::run_all(napi_env env) {
  // a finalizer may add others
  while (first(queued_) != nullptr || first(waiting_) != nullptr) {
    run_list(env, queued_);
    run_list(env, waiting_);
  }
  run_list(env, silent_);
}

}  // namespace tsrun::engine

using tsrun::engine::check;
using tsrun::engine::Finalizer;

napi_status node_api_post_finalizer(node_api_basic_env env, napi_finalize callback, void* data, void* hint) {
  if (const auto status = check(env); status != napi_ok) return status;
  env->finalizers.queue(*new Finalizer(callback, data, hint));
  return env->ok();
}
