#include "calls.h"

namespace metadescent {

Opened::Opened(napi_env environment, Fields& descriptor) : env(environment), handle(open_handle(descriptor)) {
  descriptor.done();
  must(napi_create_reference(env, descriptor.arrays(), 1, &arrays));
}

Opened::~Opened() { napi_delete_reference(env, arrays); }

void run_in_turn(const Work& work, Engine& engine) {
  std::lock_guard turn(engine.turn);
  work(engine);
}

namespace {

struct Background {
  Engine* engine;
  std::shared_ptr<Opened> opened;
  Work work;
  napi_async_work task;
  napi_deferred deferred;
  /** The call's arrays, kept alive. */
  napi_ref arrays;
  std::string failure;

  static void execute(napi_env, void* data) {
    auto* self = static_cast<Background*>(data);
    try {
      run_in_turn(self->work, *self->engine);
    } catch (const std::exception& error) {
      self->failure = error.what();
    }
  }

  static void complete(napi_env env, napi_status, void* data) {
    std::unique_ptr<Background> self(static_cast<Background*>(data));
    napi_value result;
    self->opened->busy = false;
    napi_delete_reference(env, self->arrays);
    napi_delete_async_work(env, self->task);
    if (self->failure.empty()) {
      napi_get_undefined(env, &result);
      napi_resolve_deferred(env, self->deferred, result);
      return;
    }
    napi_value message;
    napi_create_string_utf8(env, self->failure.c_str(), NAPI_AUTO_LENGTH, &message);
    napi_create_error(env, nullptr, message, &result);
    napi_reject_deferred(env, self->deferred, result);
  }
};

}  // namespace

napi_value run_in_background(napi_env env, Engine& engine, std::shared_ptr<Opened> opened, Work work, const Fields& fields) {
  auto background = std::make_unique<Background>();
  napi_value name, promise;
  must(napi_create_reference(env, fields.arrays(), 1, &background->arrays));
  must(napi_create_string_utf8(env, "metadescent", NAPI_AUTO_LENGTH, &name));
  must(napi_create_promise(env, &background->deferred, &promise));
  must(napi_create_async_work(env, nullptr, name, Background::execute, Background::complete, background.get(), &background->task));
  background->engine = &engine;
  background->work = std::move(work);
  background->opened = std::move(opened);
  must(napi_queue_async_work(env, background->task));
  background->opened->busy = true;
  background.release();
  return promise;
}

}  // namespace metadescent
