// MLP optimizers of an instruction set on odd shapes, against double precision, with one and with several threads.
//   mlp-test [ISA] [random cases] [seed]      prints the largest error of each case; the exit status is 1 if one fails
#include "../engine/isa.h"
#include "particles.h"

using namespace metadescent;
using namespace particles;

namespace {

/** Steps with given gradients, of B functions on all threads. */
void steps(const Kernels& kernels, const Mlp& mlp, std::vector<Tensor> tensors, size_t count, const char* what, unsigned seed) {
  std::mt19937 random(seed);
  long d = 0;
  for (Tensor& t : tensors) {
    t.offset = d;
    d += t.matrices * t.rows * t.columns;
  }
  const Floats phi = normals(reference::MlpOptimizer::weights(mlp), .3f, random), start = normals(count * d, 1, random);
  const int total = 4;
  std::vector<Floats> gradients;
  for (int t = 0; t < total; t++) {
    gradients.push_back(normals(count * d, .1f, random));
    for (float& g : gradients.back())
      if (random() % 4 == 0) g = 0;
  }
  const float rate = .01f, decay = .1f;
  size_t size = 0;
  const auto run = [&](const reference::Vector& weights, const reference::Vector& from, reference::Vector& hidden) {
    const reference::MlpOptimizer optimizer(mlp, weights);
    reference::Vector theta;
    for (size_t b = 0; b < count; b++) {
      reference::Optimised function(mlp, tensors, {from.begin() + b * d, from.begin() + (b + 1) * d});
      for (int t = 0; t < total; t++)
        function.step(optimizer, exact({gradients[t].begin() + b * d, gradients[t].begin() + (b + 1) * d}), t + 5, rate, decay);
      theta.insert(theta.end(), function.theta.begin(), function.theta.end());
      size = function.each(b, count, [](double, size_t) {});
      hidden.resize(size);
      function.each(b, count, [&](double value, size_t at) { hidden[at] = value; });
    }
    return theta;
  };
  reference::Vector hidden, near;
  const reference::Vector theta = run(exact(phi), exact(start), hidden);
  const reference::Vector moved = run(nudged(exact(phi), random), nudged(exact(start), random), near);
  Floats first;
  double worst = 0;
  for (const int threads : {1, 2, 5}) {
    Pool pool(threads);
    Floats found = start, state(size);
    for (int t = 0; t < total; t++) {
      Floats gradient = gradients[t];
      kernels.mlp->step({mlp, phi.data(), tensors.data(), int(tensors.size()), long(count), d, t + 5, rate, decay, found.data(), gradient.data(), state.data()}, pool);
    }
    worst = std::fmax(distance(found, theta), distance(state, hidden));
    check(worst <= bound(distance({moved.begin(), moved.end()}, theta)), std::string("steps: ") + what, worst);
    found.insert(found.end(), state.begin(), state.end());
    if (threads == 1) first = found;
    check(same(first, found), std::string("steps: other bits with threads: ") + what, threads);
  }
  std::printf("   %.1e steps of %zu x %ld: %s\n", worst, count, d, what);
}

/**
 * A population, each step against one in double from the same state; bits depend neither on threads, nor on what is in a
 * group, nor on how the steps are divided into calls.
 */
void population(const Kernels& kernels, const World& w, const char* what, std::mt19937& random) {
  const int copies = kCopies;
  const size_t lanes = size_t(kernels.mlp->lanes / copies), count = w.shape.functions;
  reference::Optimised shape(w.mlp, w.tensors, reference::Vector(w.dimension));
  const size_t size = shape.each(0, 1, [](double, size_t) {});
  const Found start{{}, w.start, std::vector<Floats>(count, Floats(copies * size))};
  Found now = start, all{std::vector<Floats>(count), {}, {}};
  double worst = 0;
  for (long t = 0; t < w.steps; t++) {
    const Found next = advance(kernels, w, now, t, 1, lanes, 1);
    for (size_t f = 0; f < count; f++) {
      all.losses[f].insert(all.losses[f].end(), next.losses[f].begin(), t + 1 < w.steps ? next.losses[f].begin() + copies : next.losses[f].end());
      for (int copy = 0; copy < copies; copy++) {
        const ExactStep right = exact_step(w, now, f, copy, t, 0, random);
        // Some of the random optimizers diverge, or saturate the softmax, where p - 1 cancels in single precision.
        if (!(right.loss > .01 && right.loss < 100)) continue;
        const Floats theta(next.theta[f].begin() + copy * w.dimension, next.theta[f].begin() + (copy + 1) * w.dimension);
        const Floats hidden(next.hidden[f].begin() + copy * size, next.hidden[f].begin() + (copy + 1) * size);
        const double errors[] = {std::fabs(next.losses[f][copy] - right.loss) / std::fmax(1e-3, std::fabs(right.loss)),
                                 distance(theta, right.theta), distance(hidden, right.hidden)};
        double magnified[3] = {};
        for (int trial = 0; *std::max_element(errors, errors + 3) > 1e-4 && trial < 5; trial++) {
          const ExactStep near = exact_step(w, now, f, copy, t, 1e-6, random);
          magnified[0] = std::fmax(magnified[0], std::fabs(near.loss - right.loss) / std::fmax(1e-3, std::fabs(right.loss)));
          magnified[1] = std::fmax(magnified[1], distance({near.theta.begin(), near.theta.end()}, right.theta));
          magnified[2] = std::fmax(magnified[2], distance({near.hidden.begin(), near.hidden.end()}, right.hidden));
        }
        const char* const names[] = {": loss", ": θ", ": state"};
        for (int i = 0; i < 3; i++) {
          check(errors[i] <= bound(magnified[i]), std::string(what) + names[i], errors[i]);
          worst = std::fmax(worst, errors[i]);
        }
      }
    }
    now = next;
  }
  all.theta = now.theta, all.hidden = now.hidden;
  const auto equal = [&](const Found& other) {
    for (size_t f = 0; f < count; f++)
      if (!same(all.losses[f], other.losses[f]) || !same(all.theta[f], other.theta[f]) || !same(all.hidden[f], other.hidden[f])) return false;
    return true;
  };
  for (const int threads : {1, 2, 5})
    check(equal(advance(kernels, w, start, 0, w.steps, lanes, threads)), std::string(what) + ": other bits with threads", threads);
  check(equal(advance(kernels, w, start, 0, w.steps, 1, 1)), std::string(what) + ": other bits alone", 1);
  std::printf("   %.1e population of %zu x %d x %ld: %s\n", worst, count, copies, w.dimension, what);
}

/** Losses of pairs that optimise for 50 steps, each particle on its own way, against double precision on its own. */
void closed_loop(const Kernels& kernels, const World& w, const char* what) {
  const int copies = kCopies;
  reference::Optimised shape(w.mlp, w.tensors, reference::Vector(w.dimension));
  const size_t count = w.shape.functions, size = shape.each(0, 1, [](double, size_t) {});
  const Found start{{}, w.start, std::vector<Floats>(count, Floats(copies * size))};
  const Found found = advance(kernels, w, start, 0, w.steps, size_t(kernels.mlp->lanes / copies), 2);
  double worst = 0;
  for (size_t f = 0; f < count; f++)
    for (int copy = 0; copy < copies; copy++) {
      const auto own = [&](const Floats& all) {
        const size_t n = all.size() / copies;
        return reference::Vector(all.begin() + copy * n, all.begin() + (copy + 1) * n);
      };
      const reference::Vector phi = own(w.phi[f]);
      const reference::MlpOptimizer optimizer(w.mlp, phi);
      reference::Optimised function(w.mlp, w.tensors, own(w.start[f]));
      reference::Vector gradient(w.dimension);
      for (long t = 0; t <= w.steps; t++) {
        const double loss = exact_loss(w, f, t, function.theta, gradient);
        worst = std::fmax(worst, std::fabs(found.losses[f][t * copies + copy] / loss - 1));
        if (t < w.steps) function.step(optimizer, gradient, long(f) + t, w.rates[f][t], kWeightDecay);
      }
    }
  check(worst <= 2e-6, std::string("closed loop: ") + what, worst);
  std::printf("   %.1e closed loop of %zu x %d x %ld, %ld steps: %s\n", worst, count, copies, w.dimension, w.steps, what);
}

/** |a - b| / |b|, of what was added to the start. */
double off(const Floats& a, const Floats& b, const Floats& start) {
  const auto added = [&](const Floats& to) {
    reference::Vector by(start.size());
    for (size_t i = 0; i < start.size(); i++) by[i] = double(to[i]) - start[i];
    return by;
  };
  const reference::Vector found = added(a);
  return distance({found.begin(), found.end()}, added(b));
}

/** Products in bfloat16 against those in fp32, which are checked against double: a number has eight bits, errors are about 2^-9. */
void rounded(const Kernels& plain, const Kernels& pairs, const World& w, const char* what, std::mt19937& random) {
  reference::Optimised shape(w.mlp, w.tensors, reference::Vector(w.dimension));
  const size_t count = w.shape.functions, size = shape.each(0, 1, [](double, size_t) {});
  const Found start{{}, w.start, std::vector<Floats>(count, Floats(kCopies * size))};
  const Found exact = advance(plain, w, start, 0, 1, 8, 1), found = advance(pairs, w, start, 0, 1, 8, 1);
  const Found threads = advance(pairs, w, start, 0, 1, 8, 3), alone = advance(pairs, w, start, 0, 1, 1, 1);
  double loss = 0, update = 0;
  for (size_t f = 0; f < count; f++) {
    for (int i = 0; i < 2 * kCopies; i++) loss = std::fmax(loss, std::fabs(found.losses[f][i] / exact.losses[f][i] - 1));
    update = std::fmax(update, off(found.theta[f], exact.theta[f], w.start[f]));
    for (const Found* other : {&threads, &alone})
      check(same(found.losses[f], other->losses[f]) && same(found.theta[f], other->theta[f]) && same(found.hidden[f], other->hidden[f]),
            std::string(what) + ": other bits with threads or alone", double(f));
  }
  check(loss > 0 && loss < .02, std::string(what) + ": loss in bfloat16", loss);
  check(update > 1e-4 && update < .05, std::string(what) + ": update in bfloat16", update);
  std::printf("   %.1e, %.1e bfloat16, loss and update of %zu x %ld: %s\n", loss, update, count, w.dimension, what);

  // Steps of tensors whose last vector is in part beyond its row.
  const std::vector<Tensor> tensors{{0, 2, 7, 37, false}, {518, 1, 33, 1, false}, {551, 1, 1, 17, true}};
  const Floats phi = normals(reference::MlpOptimizer::weights(w.mlp), .3f, random), theta = normals(2 * 568, 1, random), gradient = normals(2 * 568, .1f, random);
  const auto step = [&](const Kernels& kernels, int threads) {
    Pool pool(threads);
    std::vector<Tensor> own = tensors;
    Floats moved = theta, given = gradient, hidden(100000);
    kernels.mlp->step({w.mlp, phi.data(), own.data(), 3, 2, 568, 5, .01f, 0, moved.data(), given.data(), hidden.data()}, pool);
    return moved;
  };
  const Floats once = step(pairs, 1);
  check(same(once, step(pairs, 3)), "steps in bfloat16: other bits with threads", 3);
  const double error = off(once, step(plain, 1), theta);
  check(error > 1e-4 && error < .05, "steps in bfloat16", error);
  std::printf("   %.1e bfloat16 steps\n", error);
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
  for (const Mlp& mlp : {celo(), small()}) {
    steps(*kernels, mlp, {{0, 1, 300, 130, false}, {0, 1, 1, 130, true}, {0, 6, 5, 3, false}, {0, 1, 1, 1, true}}, 1, "several pieces", seed);
    steps(*kernels, mlp, {{0, 1, 1, 70001, true}}, 1, "a long vector", seed);
    steps(*kernels, mlp, {{0, 2, 7, 16, false}, {0, 1, 33, 1, false}, {0, 1, 1, 17, true}}, 3, "several functions", seed);
  }
  std::mt19937 random(seed);
  Perceptron network{};
  network.batch = 9;
  network.activation = Perceptron::kTanh;
  network.layers = 2;
  network.widths[0] = 21, network.widths[1] = 10, network.widths[2] = 7;
  for (const Mlp& mlp : {celo(), small()})
    for (const bool scaled : {false, true})
      population(*kernels, World(mlp, {network, scaled, 19}, 4, random), "a preset", random);
  // Of fixed seed, since rounding may legitimately move a value across ReLU's kink.
  std::mt19937 fixed(1);
  if (const MlpKernels* bf16 = bf16_kernels_of(kernels)) {
    Kernels pairs = *kernels;
    pairs.mlp = bf16;
    for (const Mlp& mlp : {celo(), small()})
      for (const bool scaled : {false, true})
        rounded(*kernels, pairs, World(mlp, {network, scaled, 19}, 1, fixed), scaled ? "scaled" : "a preset", fixed);
    Perceptron deep = network;
    deep.layers = 3;
    deep.batch = 16;
    deep.widths[0] = 30, deep.widths[1] = 11, deep.widths[2] = 9, deep.widths[3] = 4;
    rounded(*kernels, pairs, World(celo(), {deep, false, 3}, 1, fixed), "three layers", fixed);
  } else std::printf("skipped: products in bfloat16, which this processor or build lacks\n");
  network.activation = Perceptron::kRelu;
  population(*kernels, World(celo(), {network, false, 5}, 4, fixed), "ReLU", fixed);
  Perceptron digits = network;
  digits.batch = 16;
  digits.widths[0] = 64, digits.widths[1] = 32, digits.widths[2] = 10;
  closed_loop(*kernels, World(celo(), {digits, false, 3}, 50, fixed), "ReLU");
  closed_loop(*kernels, World(small(), {digits, true, 2}, 50, fixed), "ReLU, small-fc");
  for (int i = 0; i < cases; i++) {
    const auto pick = [&](int low, int high) { return low + int(random() % unsigned(high - low + 1)); };
    const Mlp mlp = random_mlp(random);
    std::vector<Tensor> tensors;
    for (int t = pick(1, 4); t > 0; t--) {
      if (random() % 3) tensors.push_back({0, pick(1, 3), pick(1, 40), pick(1, 40), false});
      else tensors.push_back({0, 1, 1, pick(1, 60), true});
    }
    steps(*kernels, mlp, tensors, size_t(pick(1, 3)), "random", seed + i);
    Perceptron p{};
    p.batch = pick(1, 20);
    const Perceptron::Activation smooth[] = {Perceptron::kSigmoid, Perceptron::kTanh, Perceptron::kGelu};
    p.activation = smooth[pick(0, 2)];
    p.loss = random() % 4 ? Perceptron::kCrossEntropy : Perceptron::kSquaredError;
    p.layers = pick(1, 3);
    p.widths[0] = pick(1, 33);
    for (int l = 1; l <= p.layers; l++) p.widths[l] = pick(2, 12);
    population(*kernels, World(mlp, {p, random() % 2 > 0, size_t(pick(1, 20))}, pick(1, 4), random), "random", random);
  }
  std::printf(failures ? "%d failed\n" : "all passed\n", failures);
  return failures > 0;
}
