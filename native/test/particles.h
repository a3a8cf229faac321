#pragma once
// Populations of perceptrons to test: in an engine's lanes, and a particle's step in double precision.
#include <cstdlib>
#include <memory>

#include "../engine/pool.h"
#include "mlp_cases.h"
#include "perceptron.h"

namespace particles {

using namespace metadescent;

constexpr float kWeightDecay = .02f;

struct Shape {
  Perceptron network;
  bool scaled;
  size_t functions;
};

/** Functions of one shape and everything that groups of them point to. */
struct World {
  Mlp mlp;
  Shape shape;
  long steps, dimension = 0;
  std::vector<Tensor> tensors;
  std::vector<unsigned char> inputs, labels;
  std::vector<std::vector<int>> rows;
  std::vector<Floats> classes, phi, scale, start, rates;

  World(const Mlp& m, const Shape& s, long step_count, std::mt19937& random) : mlp(m), shape(s), steps(step_count) {
    const Perceptron& p = shape.network;
    for (int l = 0; l < p.layers; l++) {
      tensors.push_back({dimension, 1, p.widths[l], p.widths[l + 1], false});
      tensors.push_back({dimension + long(p.widths[l]) * p.widths[l + 1], 1, 1, p.widths[l + 1], true});
      dimension += long(p.widths[l] + 1) * p.widths[l + 1];
    }
    const int examples = 31;
    for (int i = 0; i < examples * p.widths[0]; i++) inputs.push_back(random() % 3 ? random() % 256 : 0);
    for (int i = 0; i < examples; i++) labels.push_back(random() % p.widths[p.layers]);
    for (size_t f = 0; f < shape.functions; f++) {
      rows.emplace_back();
      for (long i = 0; i < (steps + 1) * p.batch; i++) rows.back().push_back(random() % examples);
      phi.push_back(normals(kCopies * reference::MlpOptimizer::weights(mlp), .3f, random));
      // Small, so that few units saturate: there 1 - h² cancels, and normalisation magnifies what is left.
      start.push_back(normals(kCopies * dimension, .2f, random));
      classes.push_back({});
      for (int k = 0; k < p.widths[p.layers]; k++) classes.back().push_back(float(k));
      std::shuffle(classes.back().begin(), classes.back().end(), random);
      rates.push_back({});
      for (long t = 0; t < steps; t++) rates.back().push_back(.001f * float(1 + random() % 5));
      scale.push_back(Floats(dimension, 1));
      for (const Tensor& t : tensors) {
        const float whole = std::exp(normals(1, .3f, random)[0]);
        for (long i = 0; i < t.rows * t.columns; i++) scale[f][t.offset + i] = shape.scaled ? std::exp(normals(1, .3f, random)[0]) : whole;
      }
    }
  }
};

struct Found {
  /** Per function: losses [steps + 1, copies], and θ and state of each copy. */
  std::vector<Floats> losses, theta, hidden;
};

/**
 * Some steps from where `before` ended, in memory of their own.
 * @param first the first step
 */
inline Found advance(const Kernels& kernels, const World& w, const Found& before, long first, long steps, size_t per_group, int threads) {
  const MlpKernels& k = *kernels.mlp;
  const int copies = kCopies;
  Pool pool(threads);
  Found found{{}, before.theta, before.hidden};
  const size_t count = w.shape.functions;
  for (size_t f = 0; f < count; f++) found.losses.push_back(Floats((steps + 1) * copies));
  std::vector<PopulationGroup> groups;
  std::vector<std::unique_ptr<void, decltype(&std::free)>> memory;
  for (size_t from = 0; from < count; from += per_group) {
    PopulationGroup g{};
    g.network = w.shape.network;
    g.scaled_coordinates = w.shape.scaled;
    g.functions = int(std::min(per_group, count - from));
    g.loss_stride = copies;
    const size_t bytes = size_t(k.bytes(w.mlp, g) + 63) / 64 * 64;
    g.memory = std::aligned_alloc(64, bytes);
    std::memset(g.memory, 0, bytes);
    memory.emplace_back(g.memory, std::free);
    for (int f = 0; f < g.functions; f++) {
      const size_t at = from + f;
      const float* phi = w.phi[at].data();
      g.function[f] = {w.inputs.data(), w.labels.data(), at % 2 ? w.classes[at].data() : nullptr,
                       w.rows[at].data() + first * w.shape.network.batch, w.rates[at].data() + first, kWeightDecay, long(at) + first,
                       {phi, phi + w.phi[at].size() / 2}, found.losses[at].data()};
    }
    groups.push_back(g);
  }
  const auto each = [&](auto&& visit) {
    for (size_t at = 0; at < count; at++)
      for (int copy = 0; copy < copies; copy++) {
        Floats scale = w.scale[at];
        float* const theta = found.theta[at].data() + copy * w.dimension;
        float* const hidden = found.hidden[at].data() + copy * (found.hidden[at].size() / copies);
        visit({&w.mlp, &groups[at / per_group], int(at % per_group), copy, theta, hidden, scale.data()});
      }
  };
  each([&](const Particle& p) { k.write(p); });
  k.advance({w.mlp, groups.data(), int(groups.size()), steps}, pool);
  each([&](Particle p) {
    p.scale = nullptr;
    k.read(p);
  });
  return found;
}

/** f(θ) of a function at step t in double, and its gradient. */
inline double exact_loss(const World& w, size_t f, long t, const reference::Vector& theta, reference::Vector& gradient) {
  Functions own{Functions::kPerceptron, 1, w.dimension, {}, w.shape.network, {}, w.scale[f].data()};
  own.perceptron.inputs = w.inputs.data();
  own.perceptron.labels = w.labels.data();
  own.perceptron.classes = f % 2 ? w.classes[f].data() : nullptr;
  own.perceptron.rows = w.rows[f].data() + t * w.shape.network.batch;
  return reference::evaluate(own, 0, 0, theta.data(), gradient.data());
}

/** One step of a particle in double, from an engine's state. */
struct ExactStep {
  double loss;
  reference::Vector theta, hidden;
};

inline ExactStep exact_step(const World& w, const Found& before, size_t f, int copy, long t, double noise, std::mt19937& random) {
  const int copies = kCopies;
  const auto part = [&](const Floats& all) {
    const size_t size = all.size() / copies;
    reference::Vector own(all.begin() + copy * size, all.begin() + (copy + 1) * size);
    std::normal_distribution<double> normal;
    for (double& x : own) x *= 1 + noise * normal(random);
    return own;
  };
  const reference::Vector phi = part(w.phi[f]);
  const reference::MlpOptimizer optimizer(w.mlp, phi);
  reference::Optimised function(w.mlp, w.tensors, part(before.theta[f]));
  const Floats& hidden = before.hidden[f];
  function.each(0, 1, [&](double& value, size_t at) { value = hidden[copy * (hidden.size() / copies) + at]; });
  reference::Vector gradient(w.dimension);
  ExactStep out;
  out.loss = exact_loss(w, f, t, function.theta, gradient);
  std::normal_distribution<double> normal;
  for (double& g : gradient) g *= 1 + noise * normal(random);
  function.step(optimizer, gradient, long(f) + t, w.rates[f][t], kWeightDecay);
  out.theta = function.theta;
  function.each(0, 1, [&](double& value, size_t) { out.hidden.push_back(value); });
  return out;
}

}  // namespace particles
