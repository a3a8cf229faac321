// The kernels as a Node-API addon. Its only state is a pool of threads: θ and h are in the caller's arrays. A call runs
// synchronously, or on another thread if it would block the event loop; until it ends, the caller's arrays are kept from
// the garbage collector, and the caller must not touch them.
#include <node_api.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "isa.h"
#include "pool.h"

namespace metadescent {
namespace {

/** The state of an instance of the addon. */
struct Engine {
  const Kernels* kernels;
  Pool pool;
  /** Calls use the pool one at a time. */
  std::mutex turn;

  Engine(const Kernels* chosen, int threads) : kernels(chosen), pool(threads) {}
};

struct Failed {};

void must(napi_status status) {
  if (status != napi_ok) throw Failed{};
}

template <class T>
struct Array {
  T* data = nullptr;
  size_t length = 0;
};

/** The arguments of a call, read in order. Errors are JavaScript exceptions. */
class Arguments {
 public:
  static constexpr size_t kMost = 24;

  Arguments(napi_env environment, napi_callback_info info) : env(environment) {
    must(napi_get_cb_info(env, info, &count, values, nullptr, nullptr));
  }

  double number() {
    double value = 0;
    must(napi_get_value_double(env, next(), &value));
    return value;
  }

  bool flag() {
    bool value = false;
    must(napi_get_value_bool(env, next(), &value));
    return value;
  }

  std::string text() {
    char buffer[64];
    size_t length = 0;
    must(napi_get_value_string_utf8(env, next(), buffer, sizeof buffer, &length));
    return {buffer, length};
  }

  /** A typed array, or null. */
  template <class T>
  Array<T> array(const char* name) {
    napi_value value = next();
    napi_valuetype type;
    must(napi_typeof(env, value, &type));
    if (type == napi_null) return {};
    napi_typedarray_type kind;
    Array<T> array;
    void* data = nullptr;
    must(napi_get_typedarray_info(env, value, &kind, &array.length, &data, nullptr, nullptr));
    if (kind != kind_of<T>())
      throw std::invalid_argument(std::string(name) + " is a typed array of another kind");
    array.data = static_cast<T*>(data);
    return array;
  }

  /** The same, of a given length. */
  template <class T>
  T* array(const char* name, size_t length) {
    const Array<T> found = array<T>(name);
    if (found.length != length)
      throw std::invalid_argument(std::string(name) + " has " + std::to_string(found.length) + " numbers, expected " + std::to_string(length));
    return found.data;
  }

  void skip() { next(); }

  const napi_value* all() const { return values; }
  size_t size() const { return count; }

 private:
  template <class T>
  static constexpr napi_typedarray_type kind_of() {
    if constexpr (std::is_same_v<T, float>) return napi_float32_array;
    else if constexpr (std::is_same_v<T, double>) return napi_float64_array;
    else if constexpr (std::is_same_v<T, int>) return napi_int32_array;
    else return napi_uint8_array;
  }

  napi_value next() {
    if (at == count) throw std::invalid_argument("too few arguments");
    return values[at++];
  }

  napi_env env;
  napi_value values[kMost];
  size_t count = kMost, at = 0;
};

/** An array of `length` floats, or null. */
const float* optional(Arguments& arguments, const char* name, size_t length) {
  const Array<float> found = arguments.array<float>(name);
  if (found.data != nullptr && found.length != length)
    throw std::invalid_argument(std::string(name) + " has " + std::to_string(found.length) + " numbers, expected " + std::to_string(length));
  return found.data;
}

/** [preprocessing, its constant, projection or 0, output scale, units …] */
Network network_from(const Array<double>& numbers) {
  if (numbers.length < 4 || numbers.length > 4 + kMaxLayers) throw std::invalid_argument("network: 4 to 12 numbers");
  const double* n = numbers.data;
  Network network{};
  network.preprocessing.kind = static_cast<Preprocessing::Kind>(static_cast<int>(n[0]));
  network.preprocessing.log_scale = static_cast<float>(1 / n[1]);
  network.preprocessing.linear_scale = static_cast<float>(std::exp(n[1]));
  network.preprocessing.threshold = static_cast<float>(std::exp(-n[1]));
  network.projection = static_cast<int>(n[2]);
  network.output_scale = n[3];
  network.layers = static_cast<int>(numbers.length - 4);
  for (int l = 0; l < network.layers; l++) network.units[l] = static_cast<int>(n[4 + l]);
  return network;
}

size_t phi_size(const Network& network) {
  size_t size = 0, width = network.preprocessing.kind == Preprocessing::kNone ? 1 : 2;
  if (network.projection > 0) {
    size += (width + 1) * network.projection;
    width = network.projection;
  }
  for (int l = 0; l < network.layers; l++) {
    size += (width + network.units[l] + 1) * 4 * network.units[l];
    width = network.units[l];
  }
  return size + width + 1;
}

/** Floats of state per coordinate: h and c of each unit. */
size_t state_rows(const Network& network) {
  size_t units = 0;
  for (int l = 0; l < network.layers; l++) units += network.units[l];
  return 2 * units;
}

/** [activation, loss, widths …] */
void layers_from(const Array<double>& numbers, Perceptron& p) {
  if (numbers.length < 4 || numbers.length > 3 + kMaxPerceptronLayers) throw std::invalid_argument("perceptron: 4 to 20 numbers");
  p.activation = static_cast<Perceptron::Activation>(static_cast<int>(numbers.data[0]));
  p.loss = static_cast<Perceptron::Loss>(static_cast<int>(numbers.data[1]));
  p.layers = static_cast<int>(numbers.length - 3);
  for (int l = 0; l <= p.layers; l++) p.widths[l] = static_cast<int>(numbers.data[2 + l]);
  if (p.loss == Perceptron::kReconstruction && p.widths[p.layers] != p.widths[0])
    throw std::invalid_argument("perceptron: expected as many outputs as inputs");
}

/** [side, kernel, batch normalisation or not, convolutions, widths …] */
void layers_from(const Array<double>& numbers, ConvNet& n) {
  if (numbers.length < 6 || numbers.length > 5 + kMaxConvNetLayers) throw std::invalid_argument("convolutional network: 6 to 15 numbers");
  n.side = static_cast<int>(numbers.data[0]);
  n.kernel = static_cast<int>(numbers.data[1]);
  n.batch_norm = numbers.data[2] != 0;
  n.convolutions = static_cast<int>(numbers.data[3]);
  n.layers = static_cast<int>(numbers.length - 5);
  for (int l = 0; l <= n.layers; l++) n.widths[l] = static_cast<int>(numbers.data[4 + l]);
}

/** The number of inputs and of coordinates of one function. */
struct Sizes {
  long width, coordinates;
};

Sizes sizes_of(const Perceptron& p) {
  Sizes sizes{p.widths[0], 0};
  for (int l = 0; l < p.layers; l++) sizes.coordinates += (p.widths[l] + 1L) * p.widths[l + 1];
  return sizes;
}

Sizes sizes_of(const ConvNet& n) {
  long side = n.side;
  Sizes sizes{side * side * n.widths[0], 0};
  for (int l = 0; l < n.layers; l++) {
    const bool convolves = l < n.convolutions;
    const long places = convolves ? n.kernel * n.kernel : l == n.convolutions ? side * side : 1;
    const long shifts = n.batch_norm && l < n.layers - 1 ? 2 : 1;
    sizes.coordinates += (places * n.widths[l] + shifts) * n.widths[l + 1];
    if (convolves && side > 1) side /= 2;
  }
  return sizes;
}

/** The number of classes; any number that a byte has where labels do not matter. */
int classes_of(const Perceptron& p) { return p.loss == Perceptron::kReconstruction ? 256 : p.widths[p.layers]; }
int classes_of(const ConvNet& n) { return n.widths[n.layers]; }

/** The functions' own numbers for the classes, or null. */
const float* permutations(const Array<float>& classes, const Functions& f) {
  if (classes.data == nullptr) return nullptr;
  const int count = classes_of(f.perceptron);
  if (classes.length != static_cast<size_t>(f.count) * count) throw std::invalid_argument("classes: expected one per class of each function");
  for (size_t i = 0; i < classes.length; i++)
    if (!(classes.data[i] >= 0 && classes.data[i] < static_cast<float>(count))) throw std::invalid_argument("classes: one is not there");
  return classes.data;
}

/** A network's numbers, the size of a mini-batch, inputs, labels and the rows of the steps; null if there is no network. */
template <class Net>
void network_of_examples(Arguments& arguments, const Functions& f, Net& net) {
  layers_from(arguments.array<double>("layers"), net);
  const double batch = arguments.number();
  const Array<unsigned char> inputs = arguments.array<unsigned char>("inputs"), labels = arguments.array<unsigned char>("labels");
  const Array<int> rows = arguments.array<int>("rows");
  const Sizes sizes = sizes_of(net);
  if (sizes.coordinates != f.dimension) throw std::invalid_argument("layers: their widths make other coordinates");
  if (inputs.length != labels.length * sizes.width) throw std::invalid_argument("inputs: expected a row for each label");
  const int classes = classes_of(net);
  for (size_t i = 0; i < rows.length; i++) {
    const int row = rows.data[i];
    if (row < 0 || static_cast<size_t>(row) >= labels.length || labels.data[row] >= classes)
      throw std::invalid_argument("rows: one is not there, or of a class beyond the last layer's");
  }
  net.batch = static_cast<long>(batch);
  net.inputs = inputs.data;
  net.labels = labels.data;
  net.rows = rows.data;
  net.steps = static_cast<long>(rows.length) / (f.count * net.batch);
}

/** Reads: family, functions, coordinates of one, two arrays of data or null, a scale or null, and a network on examples. */
Functions functions_from(Arguments& arguments) {
  Functions f{};
  f.family = static_cast<Functions::Family>(static_cast<int>(arguments.number()));
  f.count = static_cast<long>(arguments.number());
  f.dimension = static_cast<long>(arguments.number());
  const size_t n = static_cast<size_t>(f.count) * f.dimension;
  const bool quadratic = f.family == Functions::kQuadratic, perceptron = f.family == Functions::kPerceptron;
  const Array<float> first = arguments.array<float>("data");
  const size_t expected = f.family == Functions::kParabola ? n : quadratic ? n * f.dimension : 0;
  if (!perceptron && first.length != expected)
    throw std::invalid_argument("data has " + std::to_string(first.length) + " numbers, expected " + std::to_string(expected));
  f.data[0] = first.data;
  f.data[1] = arguments.array<float>("data", quadratic ? n : 0);
  f.scale = optional(arguments, "scale", n);
  if (perceptron) {
    network_of_examples(arguments, f, f.perceptron);
    f.perceptron.classes = permutations(first, f);
  }
  else if (f.family == Functions::kConvNet) network_of_examples(arguments, f, f.conv_net);
  else for (int i = 0; i < 5; i++) arguments.skip();
  return f;
}

void check_rows(const Functions& f, long steps) {
  if (f.of_examples() && f.mini_batches().steps != steps)
    throw std::invalid_argument("rows: expected those of " + std::to_string(steps) + " steps");
}

/** A call: its task, and the kernel that runs it. */
struct Call {
  Engine* engine;
  virtual void run() = 0;
  virtual ~Call() = default;

  void run_in_turn() {
    std::lock_guard turn(engine->turn);
    run();
  }
};

struct UnrollCall : Call {
  Unroll task{};

  explicit UnrollCall(Arguments& a) {
    task.network = network_from(a.array<double>("network"));
    task.functions = functions_from(a);
    task.phi = a.array<float>("phi", phi_size(task.network));
    task.steps = static_cast<long>(a.number());
    check_rows(task.functions, task.steps + 1);
    const size_t n = static_cast<size_t>(task.functions.count) * task.functions.dimension;
    task.theta = a.array<float>("theta", n);
    task.hidden = a.array<float>("hidden", state_rows(task.network) * n);
    task.fresh = a.flag();
    task.losses = a.array<float>("losses", static_cast<size_t>(task.steps + 1) * task.functions.count);
    const Array<double> weights = a.array<double>("weights");
    task.weights = weights.data;
    if (weights.data != nullptr && weights.length != static_cast<size_t>(task.steps + 1))
      throw std::invalid_argument("weights: expected one more than the steps");
    task.objective = static_cast<Objective>(static_cast<int>(a.number()));
    task.initial = optional(a, "initial", task.functions.count);
    task.gradient = a.array<float>("gradient", weights.data == nullptr ? 0 : phi_size(task.network));
  }

  void run() override { engine->kernels->unroll(task, engine->pool); }
};

struct StepCall : Call {
  Step task{};

  explicit StepCall(Arguments& a) {
    task.network = network_from(a.array<double>("network"));
    task.phi = a.array<float>("phi", phi_size(task.network));
    task.coordinates = static_cast<long>(a.number());
    task.gradient = a.array<float>("gradient", task.coordinates);
    task.theta = a.array<float>("theta", task.coordinates);
    task.hidden = a.array<float>("hidden", state_rows(task.network) * task.coordinates);
    task.fresh = a.flag();
  }

  void run() override { engine->kernels->step(task, engine->pool); }
};

struct BackCall : Call {
  Back task{};

  explicit BackCall(Arguments& a) {
    task.network = network_from(a.array<double>("network"));
    task.phi = a.array<float>("phi", phi_size(task.network));
    task.coordinates = static_cast<long>(a.number());
    task.steps = static_cast<long>(a.number());
    task.gradients = a.array<float>("gradients", static_cast<size_t>(task.steps + 1) * task.coordinates);
    const Array<float> observed = a.array<float>("observed");
    if (observed.data != nullptr && observed.length != static_cast<size_t>(task.steps) * task.coordinates)
      throw std::invalid_argument("observed: expected those of " + std::to_string(task.steps) + " steps");
    task.observed = observed.data;
    task.segment = static_cast<long>(a.number());
    if (task.segment < 1) throw std::invalid_argument("segment: expected at least 1");
    const size_t segments = (task.steps + task.segment - 1) / task.segment;
    task.saved = a.array<float>("states", segments * state_rows(task.network) * task.coordinates);
    task.fresh = a.flag();
    task.weights = a.array<double>("weights", task.steps + 1);
    task.gradient = a.array<float>("gradient", phi_size(task.network));
  }

  void run() override { engine->kernels->back(task, engine->pool); }
};

struct EvaluateCall : Call {
  Evaluation task{};

  explicit EvaluateCall(Arguments& a) {
    task.functions = functions_from(a);
    check_rows(task.functions, 1);
    const size_t n = static_cast<size_t>(task.functions.count) * task.functions.dimension;
    task.theta = a.array<float>("theta", n);
    task.losses = a.array<float>("losses", task.functions.count);
    task.gradient = a.array<float>("gradient", n);
  }

  void run() override { engine->kernels->evaluate(task, engine->pool); }
};

struct DescendCall : Call {
  Descent task{};

  explicit DescendCall(Arguments& a) {
    const Array<float> phi = a.array<float>("phi");
    task.phi = phi.data;
    task.size = static_cast<long>(phi.length);
    task.gradient = a.array<float>("gradient", phi.length);
    task.m = a.array<float>("m", phi.length);
    task.v = a.array<float>("v", phi.length);
    task.descended = a.array<double>("descended", 2);
    task.clip_norm = a.number();
    task.learning_rate = a.number();
    task.beta1 = a.number();
    task.beta2 = a.number();
    task.epsilon = a.number();
    task.correction1 = a.number();
    task.correction2 = a.number();
  }

  void run() override { engine->kernels->descend(task); }
};

/** A call on another thread. */
struct Background {
  std::unique_ptr<Call> call;
  napi_async_work work;
  napi_deferred deferred;
  /** The arguments, kept alive. */
  napi_ref arguments;
  std::string failure;

  static void execute(napi_env, void* data) {
    auto* self = static_cast<Background*>(data);
    try {
      self->call->run_in_turn();
    } catch (const std::exception& error) {
      self->failure = error.what();
    }
  }

  static void complete(napi_env env, napi_status, void* data) {
    std::unique_ptr<Background> self(static_cast<Background*>(data));
    napi_value result;
    napi_delete_reference(env, self->arguments);
    napi_delete_async_work(env, self->work);
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

napi_value begin_background(napi_env env, std::unique_ptr<Call> call, const Arguments& arguments) {
  auto background = std::make_unique<Background>();
  napi_value kept, name, promise;
  must(napi_create_array_with_length(env, arguments.size(), &kept));
  for (size_t i = 0; i < arguments.size(); i++) must(napi_set_element(env, kept, static_cast<uint32_t>(i), arguments.all()[i]));
  must(napi_create_reference(env, kept, 1, &background->arguments));
  must(napi_create_string_utf8(env, "metadescent", NAPI_AUTO_LENGTH, &name));
  must(napi_create_promise(env, &background->deferred, &promise));
  must(napi_create_async_work(env, nullptr, name, Background::execute, Background::complete, background.get(), &background->work));
  background->call = std::move(call);
  must(napi_queue_async_work(env, background->work));
  background.release();
  return promise;
}

/** Turns C++ exceptions and pending Node-API errors into JavaScript exceptions. */
template <class F>
napi_value guarded(napi_env env, const F& body) {
  try {
    return body();
  } catch (const Failed&) {
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) napi_throw_type_error(env, nullptr, "an argument has the wrong type");
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

/** The function for a kind of call: its arguments follow one that says whether it runs on another thread. */
template <class C>
napi_value calling(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    Engine* engine = nullptr;
    must(napi_get_instance_data(env, reinterpret_cast<void**>(&engine)));
    if (engine == nullptr) throw std::runtime_error("start() comes first");
    Arguments arguments(env, info);
    const bool background = arguments.flag();
    if (background) {
      auto call = std::make_unique<C>(arguments);
      call->engine = engine;
      return begin_background(env, std::move(call), arguments);
    }
    C call(arguments);
    call.engine = engine;
    call.run_in_turn();
    return nullptr;
  });
}

/** start(instruction set or "", threads) returns the instruction set's name. */
napi_value start(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    Arguments arguments(env, info);
    const std::string wanted = arguments.text();
    const int threads = static_cast<int>(arguments.number());
    const Kernels* kernels = wanted.empty() ? best_kernels() : kernels_of(wanted.c_str());
    if (kernels == nullptr) throw std::invalid_argument("this machine or build lacks the instruction set " + wanted);
    const auto destroy = [](napi_env, void* engine, void*) { delete static_cast<Engine*>(engine); };
    must(napi_set_instance_data(env, new Engine(kernels, threads), destroy, nullptr));
    napi_value name;
    must(napi_create_string_utf8(env, kernels->name, NAPI_AUTO_LENGTH, &name));
    return name;
  });
}

napi_value initialise(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"start", nullptr, start, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"unroll", nullptr, calling<UnrollCall>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"step", nullptr, calling<StepCall>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"back", nullptr, calling<BackCall>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"evaluate", nullptr, calling<EvaluateCall>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"descend", nullptr, calling<DescendCall>, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}

}  // namespace
}  // namespace metadescent

NAPI_MODULE(metadescent, metadescent::initialise)
