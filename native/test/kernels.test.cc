// The kernels of an instruction set on odd shapes, against double precision, with one and with several threads.
//   kernels-test [ISA] [random cases] [seed]      prints one line per case; the exit status is 1 if one fails
// LONGEST_CASE leaves out cases of more steps of single coordinates, for emulators.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "../engine/isa.h"
#include "../engine/pool.h"
#include "conv_net.h"
#include "perceptron.h"
#include "reference.h"

using namespace metadescent;
using Floats = std::vector<float>;

namespace {

int failures = 0;

void check(bool holds, const std::string& what, double value) {
  if (holds) return;
  failures++;
  std::printf("FAILED %s: %g\n", what.c_str(), value);
}

/** |a - b| / |b|; |a| if b is zero. */
template <class Values>
double distance(const Values& a, const reference::Vector& b) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < b.size(); i++) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return std::sqrt(norm == 0 ? difference : difference / norm);
}

/** Each value perturbed by some sixteen fp32 roundings. */
reference::Vector nudged(reference::Vector values, std::mt19937& random) {
  std::normal_distribution<double> normal;
  for (double& x : values) x *= 1 + 1e-6 * normal(random);
  return values;
}

Preprocessing preprocessing(Preprocessing::Kind kind, double constant) {
  return {kind, float(1 / constant), float(std::exp(constant)), float(std::exp(-constant))};
}

struct Case {
  Network network;
  Functions::Family family;
  long count, dimension, steps;
  /** Standard deviation of φ, and a factor of θ. */
  float spread, size;
  /** For that family; its examples are made up, and the dimension follows. */
  Perceptron perceptron = {};
  Objective objective = kLoss;
  /** The spread of log c, for functions f(c∘θ). */
  float scaling = 0;
  /** One in this many pixels is lit. */
  unsigned dark = 3;
  /** Whether each function has its own order of the classes. */
  bool permuted = false;
  /** Whether the learning rate changes from step to step, and λ. */
  bool scheduled = false;
  float decay = 0;
};

/** Made-up examples, and which of them each function sees at each step of two unrolls. */
struct Examples {
  std::vector<unsigned char> inputs, labels;
  std::vector<int> rows;
  /** Of each function, if they are permuted. */
  Floats classes;

  Examples(const Case& c, std::mt19937& random) {
    if (c.family != Functions::kPerceptron) return;
    const int count = 19;
    for (int i = 0; i < count * c.perceptron.widths[0]; i++) inputs.push_back(random() % c.dark ? 0 : random() % 256);
    for (int i = 0; i < count; i++) labels.push_back(random() % c.perceptron.widths[c.perceptron.layers]);
    for (long i = 0; i < (2 * c.steps + 1) * c.count * c.perceptron.batch; i++) rows.push_back(random() % count);
    const int last = c.perceptron.widths[c.perceptron.layers];
    for (long b = 0; c.permuted && b < c.count; b++) {
      for (int i = 0; i < last; i++) classes.push_back(float(i));
      std::shuffle(classes.end() - last, classes.end(), random);
    }
  }

  Functions functions(const Case& c, long first_step, const Floats& W, const Floats& y, const Floats& scale) const {
    Functions f{c.family, c.count, c.dimension, {W.data(), y.data()}, c.perceptron, {}, scale.empty() ? nullptr : scale.data()};
    f.perceptron.inputs = inputs.data();
    f.perceptron.labels = labels.data();
    f.perceptron.classes = classes.empty() ? nullptr : classes.data();
    f.perceptron.rows = rows.data() + first_step * c.count * c.perceptron.batch;
    return f;
  }
};

std::string describe(const Case& c) {
  std::string layers;
  for (int l = 0; l < c.network.layers; l++) layers += (l ? "," : "") + std::to_string(c.network.units[l]);
  char text[256];
  std::snprintf(text, sizeof text, "layers (%s) projection %d inputs %d family %d: %ld x %ld, T %ld, spread %g, size %g, objective %d, scaling %g",
                layers.c_str(), c.network.projection, c.network.preprocessing.kind, c.family, c.count, c.dimension, c.steps,
                c.spread, c.size, c.objective, c.scaling);
  return text;
}

/** The kernels' own unroll, or one that evaluates the optimizee separately and takes single steps. */
using Way = void (*)(const Kernels& kernels, const Unroll& task, Pool& pool);

void whole(const Kernels& kernels, const Unroll& task, Pool& pool) { kernels.unroll(task, pool); }

void step_by_step(const Kernels& kernels, const Unroll& u, Pool& pool) {
  const long n = u.functions.count * u.functions.dimension, segment = 7;
  size_t hidden_size = 0;
  for (int l = 0; l < u.network.layers; l++) hidden_size += 2 * n * u.network.units[l];
  Floats gradients((u.steps + 1) * n), saved;
  for (long t = 0; t <= u.steps; t++) {
    Functions functions = u.functions;
    functions.perceptron.rows += t * u.functions.count * u.functions.perceptron.batch;
    float* gradient = gradients.data() + t * n;
    kernels.evaluate({functions, u.theta, u.losses + t * u.functions.count, gradient}, pool);
    if (t == u.steps) break;
    if (t % segment == 0) saved.insert(saved.end(), u.hidden, u.hidden + hidden_size);
    kernels.step({u.network, u.phi, n, gradient, u.theta, u.hidden, u.fresh && t == 0,
                  {u.rates.each ? u.rates.each + t : nullptr, u.rates.decay}}, pool);
  }
  if (u.gradient == nullptr) return;
  reference::Vector weights(u.weights, u.weights + u.steps + 1);
  for (double& w : weights) w /= double(u.functions.count);
  // What the network saw may be in another array.
  const Floats copy(gradients.begin(), gradients.begin() + u.steps * n);
  const float* observed = u.steps % 2 || u.objective != kLoss ? copy.data() : nullptr;
  for (size_t i = 0; u.objective != kLoss && i < gradients.size(); i++) {
    const long t = i / n, b = i % n / u.functions.dimension;
    const float loss = u.losses[t * u.functions.count + b], first = u.initial ? u.initial[b] : u.losses[b];
    gradients[i] /= u.objective == kLog ? loss + 1e-8f : first;
  }
  kernels.back({u.network, u.phi, n, u.steps, gradients.data(), observed, segment, saved.data(), u.fresh, u.rates,
                weights.data(), u.gradient}, pool);
}

/** Steps of single coordinates in a case, at most. */
const long longest = std::getenv("LONGEST_CASE") ? std::atol(std::getenv("LONGEST_CASE")) : 1L << 40;

/** Two consecutive unrolls, each against double precision and with 1, 2 and 5 threads. */
void run(const Kernels& kernels, const Case& c, unsigned seed, Way way = whole) {
  if (c.count * c.dimension * c.steps > longest) return;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  const long n = c.count * c.dimension, d = c.dimension;
  const reference::Maps maps(c.network);
  Floats phi(maps.size), W(c.count * d * (c.family == Functions::kQuadratic ? d : 1)), y(n), start(n);
  for (float& x : phi) x = c.spread * normal(random);
  for (float& x : W) x = normal(random) / (c.family == Functions::kQuadratic ? std::sqrt(float(d)) : 1);
  for (float& x : y) x = normal(random);
  for (float& x : start) x = c.size * normal(random);
  Floats scale(c.scaling > 0 ? n : 0);
  for (float& x : scale) x = std::exp(c.scaling * normal(random));
  reference::Vector weights(c.steps + 1);
  for (double& w : weights) w = std::fabs(normal(random));
  if (seed % 2) weights.back() = 0;  // as in the sum of the losses before the last
  Floats schedule(c.scheduled ? c.steps : 0);
  for (size_t t = 0; t < schedule.size(); t++) schedule[t] = 1.5f * float(t + 1) / float(c.steps);
  const Rates rates{schedule.empty() ? nullptr : schedule.data(), c.decay};
  const Examples examples(c, random);
  long hidden_size = 0;
  for (int l = 0; l < c.network.layers; l++) hidden_size += 2 * n * c.network.units[l];

  Floats first, initial;
  double worst = 0;
  for (const int threads : {1, 2, 5}) {
    Pool pool(threads);
    Floats theta = start, hidden(hidden_size), all;
    reference::Episode episode;
    episode.theta.assign(start.begin(), start.end());
    for (long i = 0; i < n; i++) {
      reference::State state;
      for (int l = 0; l < c.network.layers; l++)
        state.push_back({reference::Vector(c.network.units[l]), reference::Vector(c.network.units[l])});
      episode.states.push_back(state);
    }
    const reference::Vector exact(phi.begin(), phi.end());
    for (int part = 0; part < 2; part++) {
      Floats losses((c.steps + 1) * c.count), gradient(phi.size());
      // Each part begins where the engine's own arithmetic ended, so that one's errors do not count in the other.
      if (threads == 1 && part == 1) {
        episode.theta.assign(theta.begin(), theta.end());
        long row = 0;
        for (int l = 0; l < c.network.layers; l++)
          for (auto part_of : {&reference::Layer::h, &reference::Layer::c})
            for (int u = 0; u < c.network.units[l]; u++, row++)
              for (long i = 0; i < n; i++) (episode.states[i][l].*part_of)[u] = hidden[row * n + i];
      }
      const Functions functions = examples.functions(c, part * c.steps, W, y, scale);
      const float* whole = part == 0 ? nullptr : initial.data();
      const reference::MetaLoss meta{weights.data(), c.objective, whole};
      const Unroll task{c.network, functions, phi.data(), c.steps, weights.data(), theta.data(), hidden.data(),
                        part == 0, 20, rates, losses.data(), gradient.data(), c.objective, whole};
      way(kernels, task, pool);
      if (part == 0) initial.assign(losses.begin(), losses.begin() + c.count);
      for (const Floats* part_of : {&losses, &gradient, &theta, &hidden}) all.insert(all.end(), part_of->begin(), part_of->end());
      if (threads > 1) continue;
      const reference::Episode before = episode;
      const auto expected = episode.unroll(c.network, functions, exact, c.steps, meta, rates);
      // Beyond this the loop diverges, and single precision may give anything.
      if (std::any_of(expected.losses.begin(), expected.losses.end(), [](double loss) { return !(loss < 1e12); })) continue;
      const double errors[] = {distance(losses, expected.losses), distance(gradient, expected.gradient),
                               distance(theta, episode.theta)};
      double bounds[] = {1e-4, 1e-4, 1e-4};
      if (*std::max_element(errors, errors + 3) > 1e-4) {
        // A closed loop can magnify any rounding: exact ones that begin a few roundings away show by how much. One that
        // magnifies them to a tenth is chaotic, and any result is as good as another.
        double magnified[3] = {};
        for (int draw = 0; draw < 5; draw++) {
          reference::Episode moved = before;
          moved.theta = nudged(before.theta, random);
          // A softmax loses what is small beside 1: so do gradients where a function is nearly sure of its class.
          if (c.family == Functions::kPerceptron) moved.rounding = 1e-7, moved.random = &random;
          const auto elsewhere = moved.unroll(c.network, functions, nudged(exact, random), c.steps, meta, rates);
          const double distances[] = {distance(elsewhere.losses, expected.losses),
                                      distance(elsewhere.gradient, expected.gradient), distance(moved.theta, episode.theta)};
          for (int i = 0; i < 3; i++) magnified[i] = std::fmax(magnified[i], distances[i]);
        }
        for (int i = 0; i < 3; i++) bounds[i] = magnified[i] > .1 ? HUGE_VAL : std::fmax(1e-4, 5 * magnified[i]);
      }
      for (int i = 0; i < 3; i++) {
        const double error = errors[i];
        check(error <= bounds[i], describe(c) + (part ? ", carried" : ""), error);
        worst = std::fmax(worst, error);
      }
    }
    if (threads == 1) first = all;
    else check(std::memcmp(first.data(), all.data(), all.size() * sizeof(float)) == 0, describe(c) + ": other bits with threads", threads);

    // Without a gradient the steps are the same, bit for bit.
    Floats theta2 = start, hidden2(hidden_size), losses((c.steps + 1) * c.count);
    way(kernels, {c.network, examples.functions(c, 0, W, y, scale), phi.data(), c.steps, nullptr, theta2.data(), hidden2.data(), true, 20,
                  rates, losses.data(), nullptr, kLoss, nullptr}, pool);
    check(std::memcmp(losses.data(), first.data(), losses.size() * sizeof(float)) == 0, describe(c) + ": other losses without a gradient", 0);
  }
  std::printf("ok %.1e %s%s\n", worst, describe(c).c_str(), way == step_by_step ? ", step by step" : "");
}

/** Open loop: recorded gradients of every size, including zero and denormals. */
void respond(const Kernels& kernels, const Network& network, long n, long steps, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  const reference::Maps maps(network);
  Floats phi(maps.size), gradients(steps * n), updates(steps * n);
  for (float& x : phi) x = .3f * normal(random);
  const float sizes[] = {0, 1e-40f, -1e-30f, 1e-7f, 1, -30, 1e10f, network.preprocessing.kind ? -3e38f : 1e3f};
  for (size_t i = 0; i < gradients.size(); i++) gradients[i] = sizes[random() % 8] * (1 + .1f * normal(random) / 8);
  for (float& x : gradients)
    if (!std::isfinite(x)) x = 3e38f;
  Pool pool(2);
  Floats hidden;
  for (int l = 0; l < network.layers; l++) hidden.resize(hidden.size() + 2 * n * network.units[l]);
  for (long t = 0; t < steps; t++)
    kernels.step({network, phi.data(), n, gradients.data() + t * n, updates.data() + t * n, hidden.data(), t == 0}, pool);
  const reference::Vector exact(phi.begin(), phi.end());
  reference::Vector expected(updates.size());
  for (long i = 0; i < n; i++) {
    reference::State state;
    for (int l = 0; l < network.layers; l++) state.push_back({reference::Vector(network.units[l]), reference::Vector(network.units[l])});
    for (long t = 0; t < steps; t++) {
      reference::Trace trace;
      expected[t * n + i] = reference::step(network, maps, exact, gradients[t * n + i], state, trace);
    }
  }
  const double error = distance(updates, expected);
  check(error <= 1e-4, "open loop", error);
  std::printf("ok %.1e open loop, layers %d, inputs %d, n %ld, T %ld\n", error, network.layers, network.preprocessing.kind, n, steps);
}

/**
 * Value and gradient of a convolutional network against double precision and with 1, 2 and 5 threads. The seed is fixed,
 * since rounding may legitimately move a value across ReLU's kink, or past its neighbour in pooling.
 */
void evaluate(const Kernels& kernels, ConvNet net, long count) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  const long examples = 23, width = long(net.side) * net.side * net.widths[0];
  std::vector<unsigned char> inputs(examples * width), labels(examples);
  std::vector<int> rows(count * net.batch);
  for (auto& x : inputs) x = random() % 256;
  for (auto& x : labels) x = random() % net.widths[net.layers];
  for (auto& x : rows) x = random() % examples;
  net.inputs = inputs.data(), net.labels = labels.data(), net.rows = rows.data(), net.steps = 1;
  long d = 0, side = net.side;
  for (int l = 0; l < net.layers; l++) {
    const bool convolves = l < net.convolutions;
    const long places = convolves ? net.kernel * net.kernel : l == net.convolutions ? side * side : 1;
    d += (places * net.widths[l] + (net.batch_norm && l < net.layers - 1 ? 2 : 1)) * net.widths[l + 1];
    if (convolves && side > 1) side /= 2;
  }
  Functions f{Functions::kConvNet, count, d, {}, {}, net, nullptr};
  Floats theta(count * d), losses(count), gradient(count * d);
  for (float& x : theta) x = .3f * normal(random);
  double error = 0;
  for (const int threads : {1, 2, 5}) {
    Pool pool(threads);
    Floats found(count * d);
    kernels.evaluate({f, theta.data(), losses.data(), found.data()}, pool);
    check(threads == 1 || found == gradient, "threads", threads);
    gradient = found;
  }
  reference::Vector expected, values;
  for (long b = 0; b < count; b++) {
    reference::Vector own(d);
    values.push_back(reference::conv_net(net, rows.data() + b * net.batch, reference::Vector(&theta[b * d], &theta[b * d] + d), own));
    expected.insert(expected.end(), own.begin(), own.end());
  }
  error = std::fmax(distance(losses, values), distance(gradient, expected));
  check(error <= 3e-5, "convolutional network", error);
  std::printf("ok %.1e convolutional network of %ld x %ld\n", error, count, d);
}

/** Newton-Schulz iterations of the matrices themselves, in double. */
void orthogonalise(const Kernels& kernels, long rows, long columns) {
  const long count = 3, size = rows * columns;
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  reference::Vector start(count * size), expected;
  for (double& x : start) x = 1e-3 * normal(random);
  for (long i = 0; i < size; i++) start[size + i] = 0;
  Orthogonalisation task{count, rows, columns, nullptr, 5, 3.4445, -4.775, 2.0315, 1e-7};
  for (long m = 0; m < count; m++) {
    reference::Vector x(start.begin() + m * size, start.begin() + (m + 1) * size);
    double norm = 0;
    for (const double value : x) norm += value * value;
    for (double& value : x) value /= std::sqrt(norm) + task.norm_floor;
    for (int i = 0; i < task.iterations; i++) {
      // X Xᵀ Y, of X and Y [rows, columns].
      const auto through = [&](const reference::Vector& y) {
        reference::Vector gram(rows * rows), product(size);
        for (long r = 0; r < rows; r++)
          for (long s = 0; s < rows; s++)
            for (long k = 0; k < columns; k++) gram[r * rows + s] += x[r * columns + k] * x[s * columns + k];
        for (long r = 0; r < rows; r++)
          for (long s = 0; s < rows; s++)
            for (long k = 0; k < columns; k++) product[r * columns + k] += gram[r * rows + s] * y[s * columns + k];
        return product;
      };
      const reference::Vector once = through(x), twice = through(once);
      for (long e = 0; e < size; e++) x[e] = task.a * x[e] + task.b * once[e] + task.c * twice[e];
    }
    expected.insert(expected.end(), x.begin(), x.end());
  }
  reference::Vector before;
  double error = 0;
  for (const int threads : {1, 2, 5}) {
    Pool pool(threads);
    reference::Vector found = start;
    task.matrices = found.data();
    kernels.orthogonalise(task, pool);
    check(threads == 1 || found == before, "Newton-Schulz with threads", threads);
    before = found;
    error = distance(found, expected);
    check(error <= 1e-9, "Newton-Schulz", error);
  }
  std::printf("ok %.1e Newton-Schulz of %ld x %ld\n", error, rows, columns);
}

Case random_case(std::mt19937& random) {
  const auto pick = [&](long low, long high) { return low + long(random() % (unsigned long)(high - low + 1)); };
  Case c{};
  c.network.layers = int(pick(0, 3));
  for (int l = 0; l < c.network.layers; l++) c.network.units[l] = int(pick(1, pick(0, 3) ? 11 : 37));
  c.network.projection = pick(0, 1) ? int(pick(1, 23)) : 0;
  c.network.preprocessing = preprocessing(Preprocessing::Kind(pick(0, 2)), double(pick(1, 12)));
  c.network.output_scale = .05;
  c.family = Functions::Family(pick(Functions::kSimple, Functions::kPerceptron));
  c.dimension = c.family == Functions::kSimple ? 1 : pick(1, 45);
  if (c.family == Functions::kPerceptron) {
    Perceptron& p = c.perceptron;
    // ReLU has kinks, which finite precision may cross.
    const Perceptron::Activation smooth[] = {Perceptron::kSigmoid, Perceptron::kTanh, Perceptron::kGelu};
    p.activation = smooth[pick(0, 2)];
    p.loss = Perceptron::Loss(pick(0, 2));
    c.permuted = pick(0, 1);
    p.layers = int(pick(1, 4));
    p.batch = pick(1, 40);
    p.widths[0] = int(pick(1, 33));
    for (int l = 1; l <= p.layers; l++) p.widths[l] = int(pick(1, 7));
    // With a single class the loss is 0, and only rounding is computed.
    if (p.widths[p.layers] == 1) p.widths[p.layers] = 2;
    if (p.loss == Perceptron::kReconstruction) p.widths[p.layers] = p.widths[0];
    c.dimension = 0;
    for (int l = 0; l < p.layers; l++) c.dimension += (p.widths[l] + 1) * p.widths[l + 1];
  }
  c.count = pick(1, pick(0, 1) ? 3 : 40);
  c.steps = pick(1, 27);
  c.spread = .3f;
  c.size = .7f;
  c.objective = Objective(pick(0, 2));
  c.scaling = pick(0, 1) ? .5f : 0;
  return c;
}

}  // namespace

int main(int count, char** arguments) {
  const Kernels* kernels = count > 1 ? kernels_of(arguments[1]) : best_kernels();
  if (kernels == nullptr) {
    std::printf("skipped: this machine or build lacks %s\n", arguments[1]);
    return 0;
  }
  const int cases = count > 2 ? std::atoi(arguments[2]) : 40;
  const unsigned seed = count > 3 ? unsigned(std::atol(arguments[3])) : std::random_device{}() % 1000000;
  std::printf("%s, seed %u\n", kernels->name, seed);
  const Network seed_example{preprocessing(Preprocessing::kNone, 1), 20, 2, {20, 20}, 1};
  const Network deepmind{preprocessing(Preprocessing::kDeepMind, 5), 0, 2, {20, 20}, .01};
  const Network paper{preprocessing(Preprocessing::kPaper, 10), 3, 2, {5, 7}, .1};
  const Network linear{preprocessing(Preprocessing::kNone, 1), 0, 0, {}, .1};
  const Network one{preprocessing(Preprocessing::kPaper, 10), 0, 1, {1}, .1};
  run(*kernels, {seed_example, Functions::kParabola, 1, 10, 20, .15f, 1}, seed);
  run(*kernels, {deepmind, Functions::kQuadratic, 12, 10, 20, .2f, 1}, seed);
  run(*kernels, {deepmind, Functions::kParabola, 2, 333, 45, .2f, 1}, seed);
  run(*kernels, {deepmind, Functions::kParabola, 2, 333, 25, .2f, 1, {}, kLog, .5f}, seed);
  run(*kernels, {deepmind, Functions::kParabola, 3, 300, 25, .2f, 1, {}, kRelative, .5f}, seed);
  // Batches whose last block has spare lanes, where the next batch's weights come later.
  for (const Objective objective : {kLog, kRelative})
    run(*kernels, {paper, Functions::kParabola, 39, 22, 19, .2f, 1, {}, objective, .5f}, seed);
  run(*kernels, {paper, Functions::kQuadratic, 1, 300, 3, .2f, 1}, seed);
  run(*kernels, {linear, Functions::kSimple, 1, 1, 20, .3f, 1}, seed);
  run(*kernels, {one, Functions::kSimple, 3, 1, 500, .3f, 1}, seed);
  run(*kernels, {one, Functions::kParabola, 1, 1, 1, 3, 1}, seed);
  run(*kernels, {deepmind, Functions::kParabola, 1, 40, 20, .2f, 0}, seed);
  run(*kernels, {deepmind, Functions::kParabola, 1, 40, 20, .2f, 1e-19f}, seed);
  run(*kernels, {deepmind, Functions::kParabola, 1, 40, 20, .2f, 1e15f}, seed);
  for (const Network& network : {seed_example, deepmind, paper, linear, one}) {
    respond(*kernels, network, 1, 50, seed);
    respond(*kernels, network, 77, 30, seed);
  }
  // Mini-batch and examples; side, kernel, normalised or not, convolutions, layers, widths.
  evaluate(*kernels, {{5}, 8, 3, true, 2, 4, {3, 3, 2, 4, 8}}, 2);
  evaluate(*kernels, {{5}, 8, 5, true, 4, 7, {3, 2, 2, 3, 2, 3, 4, 3}}, 3);
  evaluate(*kernels, {{17}, 8, 7, false, 1, 3, {3, 5, 6, 8}}, 1);
  evaluate(*kernels, {{2}, 8, 1, true, 1, 2, {3, 2, 8}}, 40);
  evaluate(*kernels, {{37}, 16, 3, true, 2, 4, {3, 17, 9, 33, 2}}, 1);
  for (const auto [rows, columns] : {std::pair<long, long>{1, 1}, {1, 9}, {31, 1}, {16, 16}, {7, 30}, {45, 26}}) orthogonalise(*kernels, rows, columns);
  std::mt19937 random(seed);
  // Learning rates by step, with and without weight decay; idle blocks decay too.
  for (const float decay : {0.f, .05f})
    for (const Way way : {whole, step_by_step}) {
      Case scheduled{deepmind, Functions::kParabola, 2, 165, 45, .2f, 1};
      scheduled.scheduled = decay == 0 || way == whole;
      scheduled.decay = decay;
      run(*kernels, scheduled, seed, way);
      Case small{paper, Functions::kQuadratic, 12, 10, 23, .2f, 1};
      small.scheduled = true;
      small.decay = decay;
      run(*kernels, small, seed, way);
    }
  run(*kernels, {deepmind, Functions::kParabola, 2, 165, 45, .2f, 1}, seed, step_by_step);
  // Gradients that are zero for long, or always, from a fresh start and later.
  Case dark{paper, Functions::kPerceptron, 2, 25 * 19 + 19 + 19 * 2 + 2, 33, .2f, .3f};
  dark.perceptron.layers = 2;
  dark.perceptron.widths[0] = 25, dark.perceptron.widths[1] = 19, dark.perceptron.widths[2] = 2;
  dark.perceptron.batch = 1;
  dark.dark = 40;
  for (const Way way : {whole, step_by_step}) run(*kernels, dark, seed, way);
  dark.scheduled = true;
  dark.decay = .05f;
  for (const Way way : {whole, step_by_step}) run(*kernels, dark, seed, way);
  for (int i = 0; i < cases; i++) {
    const Case c = random_case(random);
    run(*kernels, c, seed + i);
    run(*kernels, c, seed + i, step_by_step);
  }
  std::printf(failures ? "%d failed\n" : "all passed\n", failures);
  return failures > 0;
}
