// The kernels as a Node-API addon: what JavaScript calls. src/core/engines/native/addon.ts declares it.
#include "calls.h"
#include "descent.h"
#include "isa.h"

namespace metadescent {
namespace {

/** The arguments of a call. */
template <size_t N>
struct Arguments {
  napi_value at[N];

  Arguments(napi_env env, napi_callback_info info) {
    size_t count = N;
    must(napi_get_cb_info(env, info, &count, at, nullptr, nullptr));
    if (count < N) throw std::invalid_argument("too few arguments");
  }
};

std::string text(napi_env env, napi_value value) {
  char buffer[64];
  size_t length = 0;
  must(napi_get_value_string_utf8(env, value, buffer, sizeof buffer, &length));
  return {buffer, length};
}

Engine* started(napi_env env) {
  Engine* engine = nullptr;
  must(napi_get_instance_data(env, reinterpret_cast<void**>(&engine)));
  return engine;
}

Engine& engine_of(napi_env env) {
  Engine* engine = started(env);
  if (engine == nullptr) throw std::runtime_error("start() comes first");
  return *engine;
}

/** What an external of open() points to; empty once it is closed. */
std::shared_ptr<Opened>& opened_of(napi_env env, napi_value external) {
  void* data = nullptr;
  must(napi_get_value_external(env, external, &data));
  return *static_cast<std::shared_ptr<Opened>*>(data);
}

/** start(instruction set or "", threads) returns the instruction set's name. */
napi_value start(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    const Arguments<2> arguments(env, info);
    const std::string wanted = text(env, arguments.at[0]);
    double threads = 0;
    must(napi_get_value_double(env, arguments.at[1], &threads));
    const Kernels* kernels = wanted.empty() ? best_kernels() : kernels_of(wanted.c_str());
    if (kernels == nullptr) throw std::invalid_argument("this machine or build lacks the instruction set " + wanted);
    if (started(env) != nullptr) throw std::runtime_error("start() comes once");
    const auto destroy = [](napi_env, void* engine, void*) { delete static_cast<Engine*>(engine); };
    must(napi_set_instance_data(env, new Engine(kernels, static_cast<int>(threads)), destroy, nullptr));
    napi_value name;
    must(napi_create_string_utf8(env, kernels->name, NAPI_AUTO_LENGTH, &name));
    return name;
  });
}

/** open(descriptor) returns a handle. */
napi_value open(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    const Arguments<1> arguments(env, info);
    engine_of(env);
    Fields descriptor(env, arguments.at[0], "descriptor");
    auto opened = std::make_unique<std::shared_ptr<Opened>>(std::make_shared<Opened>(env, descriptor));
    const auto destroy = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Opened>*>(data); };
    napi_value external;
    must(napi_create_external(env, opened.get(), destroy, nullptr, &external));
    opened.release();
    return external;
  });
}

/** call(handle, operation, in the background or not, fields) returns a promise if it is in the background. */
napi_value call(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    const Arguments<4> arguments(env, info);
    Engine& engine = engine_of(env);
    const std::shared_ptr<Opened>& opened = opened_of(env, arguments.at[0]);
    const std::string operation = text(env, arguments.at[1]);
    bool background = false;
    must(napi_get_value_bool(env, arguments.at[2], &background));
    if (!opened) throw std::runtime_error(operation + "() after close()");
    if (opened->busy) throw std::runtime_error(operation + "() before the call in the background has ended");
    Fields fields(env, arguments.at[3], "fields");
    Work work = opened->handle->prepare(operation, fields);
    fields.done();
    if (background) return run_in_background(env, engine, opened, std::move(work), fields);
    run_in_turn(work, engine);
    return nullptr;
  });
}

/** close(handle) frees its memory, once a call in the background has ended. Closing again does nothing. */
napi_value close(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    const Arguments<1> arguments(env, info);
    opened_of(env, arguments.at[0]).reset();
    return nullptr;
  });
}

/** descend(fields) takes a step of the meta-optimizer. */
napi_value descend(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    const Arguments<1> arguments(env, info);
    Engine& engine = engine_of(env);
    Fields fields(env, arguments.at[0], "fields");
    const Descent task = descent_from(fields);
    fields.done();
    run_in_turn([&](Engine&) { engine.kernels->descend(task); }, engine);
    return nullptr;
  });
}

napi_value initialise(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"start", nullptr, start, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"open", nullptr, open, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"call", nullptr, call, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"close", nullptr, close, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"descend", nullptr, descend, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}

}  // namespace
}  // namespace metadescent

NAPI_MODULE(metadescent, metadescent::initialise)
