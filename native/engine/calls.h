#pragma once
// Calls from JavaScript: their errors, and work on JavaScript's thread or another.
#include <node_api.h>

#include <memory>

#include "handles/handle.h"

namespace metadescent {

/** A handle, the arrays that it points to, and whether a call on it is running. Used on JavaScript's thread only. */
class Opened {
  napi_env env;
  napi_ref arrays;

 public:
  std::unique_ptr<Handle> handle;
  bool busy = false;

  Opened(napi_env env, Fields& descriptor);
  ~Opened();
  Opened(const Opened&) = delete;
};

/** Turns C++ exceptions and pending Node-API errors into JavaScript exceptions. */
template <class F>
napi_value guarded(napi_env env, const F& body) {
  try {
    return body();
  } catch (const Failed&) {
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) napi_throw_type_error(env, nullptr, "an argument has the wrong type");
  } catch (const std::out_of_range& error) {
    napi_throw_range_error(env, nullptr, error.what());
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

/** Runs work in its turn. */
void run_in_turn(const Work& work, Engine& engine);

/**
 * Runs work on another thread, and keeps the handle and the call's arrays alive until it has ended.
 * @returns a promise of nothing
 */
napi_value run_in_background(napi_env env, Engine& engine, std::shared_ptr<Opened> opened, Work work, const Fields& fields);

}  // namespace metadescent
