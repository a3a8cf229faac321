// The kernels as a Node-API addon: what JavaScript calls. src/core/engines/native/addon.ts declares it.
#include "calls.h"
#include "isa.h"
#include "optimizer_steps.h"

namespace metadescent {
namespace {

/** The arguments of a call, the last of which are the number of a shape and the values of its fields. */
class Arguments {
  static constexpr size_t kMost = 80;
  napi_value at[kMost];
  size_t count = kMost;

 public:
  napi_env env;

  /** @param required the fewest arguments */
  Arguments(napi_env environment, napi_callback_info info, size_t required) : env(environment) {
    must(napi_get_cb_info(env, info, &count, at, nullptr, nullptr));
    if (count < required) throw std::invalid_argument("too few arguments");
    if (count > kMost) throw std::invalid_argument("too many arguments");
  }

  napi_value operator[](size_t i) const { return at[i]; }

  /** @param first where the shape's number is */
  Fields fields(const Engine& engine, size_t first, const char* what) const {
    uint32_t shape = 0;
    must(napi_get_value_uint32(env, at[first], &shape));
    return Fields(env, engine.shapes.at(shape), at + first + 1, count - first - 1, what);
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

/** start(instruction set or "", threads) returns [the instruction set's name, whether it has products in bfloat16]. */
napi_value start(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    const Arguments arguments(env, info, 2);
    const std::string wanted = text(env, arguments[0]);
    double threads = 0;
    must(napi_get_value_double(env, arguments[1], &threads));
    const Kernels* kernels = wanted.empty() ? best_kernels() : kernels_of(wanted.c_str());
    if (kernels == nullptr) throw std::invalid_argument("this machine or build lacks the instruction set " + wanted);
    if (started(env) != nullptr) throw std::runtime_error("start() comes once");
    const auto destroy = [](napi_env, void* engine, void*) { delete static_cast<Engine*>(engine); };
    Engine* const engine = new Engine(kernels, static_cast<int>(threads));
    must(napi_set_instance_data(env, engine, destroy, nullptr));
    napi_value name, bf16, both;
    must(napi_create_string_utf8(env, kernels->name, NAPI_AUTO_LENGTH, &name));
    must(napi_get_boolean(env, engine->bf16 != nullptr, &bf16));
    must(napi_create_array_with_length(env, 2, &both));
    must(napi_set_element(env, both, 0, name));
    must(napi_set_element(env, both, 1, bf16));
    return both;
  });
}

/** shape(names) returns the number by which calls refer to them. */
napi_value shape(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    const Arguments arguments(env, info, 1);
    Engine& engine = engine_of(env);
    uint32_t count = 0;
    must(napi_get_array_length(env, arguments[0], &count));
    std::vector<std::string> names;
    for (uint32_t i = 0; i < count; i++) {
      napi_value name;
      must(napi_get_element(env, arguments[0], i, &name));
      names.push_back(text(env, name));
    }
    engine.shapes.emplace_back(names);
    napi_value number;
    must(napi_create_uint32(env, static_cast<uint32_t>(engine.shapes.size() - 1), &number));
    return number;
  });
}

/** open(closed handle or undefined, fields) returns a handle: the closed one, if there is one. */
napi_value open(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    const Arguments arguments(env, info, 2);
    Fields descriptor = arguments.fields(engine_of(env), 1, "descriptor");
    napi_valuetype type;
    must(napi_typeof(env, arguments[0], &type));
    auto opened = std::make_shared<Opened>(env, descriptor);
    if (type == napi_external) {
      std::shared_ptr<Opened>& closed = opened_of(env, arguments[0]);
      if (closed) throw std::runtime_error("open() of a handle that is open");
      closed = std::move(opened);
      return arguments[0];
    }
    auto held = std::make_unique<std::shared_ptr<Opened>>(std::move(opened));
    const auto destroy = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Opened>*>(data); };
    napi_value external;
    must(napi_create_external(env, held.get(), destroy, nullptr, &external));
    held.release();
    return external;
  });
}

/** call(handle, operation, in the background or not, fields) returns a promise if it is in the background. */
napi_value call(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    const Arguments arguments(env, info, 4);
    Engine& engine = engine_of(env);
    const std::shared_ptr<Opened>& opened = opened_of(env, arguments[0]);
    const std::string operation = text(env, arguments[1]);
    bool background = false;
    must(napi_get_value_bool(env, arguments[2], &background));
    if (!opened) throw std::runtime_error(operation + "() after close()");
    if (opened->busy) throw std::runtime_error(operation + "() before the call in the background has ended");
    Fields fields = arguments.fields(engine, 3, "fields");
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
    opened_of(env, Arguments(env, info, 1)[0]).reset();
    return nullptr;
  });
}

/** Reads a task from a call's fields, which are its only arguments, and runs it on JavaScript's thread. */
template <class Read, class Run>
napi_value run_task(napi_env env, napi_callback_info info, const Read& read, const Run& run) {
  return guarded(env, [&]() -> napi_value {
    const Arguments arguments(env, info, 1);
    Engine& engine = engine_of(env);
    Fields fields = arguments.fields(engine, 0, "fields");
    const auto task = read(fields);
    fields.done();
    run_in_turn([&](Engine& own) { run(own, task); }, engine);
    return nullptr;
  });
}

/** descend(fields) takes a step of the meta-optimizer. */
napi_value descend(napi_env env, napi_callback_info info) {
  return run_task(env, info, descent_from, [](Engine& engine, const Descent& task) { engine.kernels->descend(task); });
}

/** orthogonalise(fields) replaces matrices by what Newton-Schulz iterations make of them. */
napi_value orthogonalise(napi_env env, napi_callback_info info) {
  return run_task(env, info, orthogonalisation_from, [](Engine& engine, const Orthogonalisation& task) {
    engine.kernels->orthogonalise(task, engine.pool);
  });
}

napi_value initialise(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"start", nullptr, start, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"shape", nullptr, shape, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"open", nullptr, open, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"call", nullptr, call, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"close", nullptr, close, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"descend", nullptr, descend, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"orthogonalise", nullptr, orthogonalise, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}

}  // namespace
}  // namespace metadescent

NAPI_MODULE(metadescent, metadescent::initialise)
