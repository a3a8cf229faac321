#pragma once
// Value and gradient of some functions of a family. Each family is a file in this folder and a case below.
#include "conv_net.h"
#include "parabola.h"
#include "perceptron.h"
#include "quadratic.h"

namespace metadescent::METADESCENT_ISA {

/** Largest dimension for which W is kept transposed, 16 KB per lane. */
constexpr long kLargestTransposed = 64;

/** Functions `first` … `first + count - 1` of a batch. */
struct Optimizee {
  const Functions* all;
  long first, count;
  /** For quadratics whose lanes are functions; else null. */
  QuadraticLanes* lanes;
  PerceptronLoss perceptron;
  ConvNetLoss conv_net;
  float* scratch;
  /** c∘θ, if the functions are scaled. */
  float* point;

  /** Takes its memory; with a counting arena it only counts. */
  inline void prepare(const Functions& functions, long from, long number, Arena& arena) {
    all = &functions;
    first = from;
    count = number;
    lanes = nullptr;
    point = functions.scale == nullptr ? nullptr : arena.take<float>(number * functions.dimension);
    if (functions.family == Functions::kPerceptron) perceptron.prepare(functions.perceptron, arena);
    if (functions.family == Functions::kConvNet) conv_net.prepare(functions.conv_net, arena);
    if (functions.family != Functions::kQuadratic) return;
    const long d = functions.dimension;
    scratch = arena.take<float>(d);
    if (d > kLargestTransposed || 2 * count < kLanes) return;
    const long groups = (count + kLanes - 1) / kLanes;
    QuadraticLanes* taken = arena.take<QuadraticLanes>(groups);
    lanes = taken;
    for (long group = 0; group < groups; group++) {
      QuadraticLanes unused;
      QuadraticLanes& to = arena.base == nullptr ? unused : taken[group];
      const long at = first + group * kLanes;
      to.prepare(functions.data[0] + at * d * d, functions.data[1] + at * d, d, in_group(group), arena);
    }
  }

  /**
   * @param theta [count, d]
   * @param step selects the mini-batches
   * @param gradient [count, d]
   * @param losses [count]
   * @param pool threads that large functions may use, or null
   */
  inline void evaluate(const float* theta, long step, float* gradient, float* losses, Pool* pool = nullptr) const {
    if (all->scale == nullptr) return evaluate_at(theta, step, gradient, losses, pool);
    const long n = count * all->dimension;
    const float* scale = all->scale + first * all->dimension;
    for (long i = 0; i < n; i++) point[i] = scale[i] * theta[i];
    evaluate_at(point, step, gradient, losses, pool);
    for (long i = 0; i < n; i++) gradient[i] *= scale[i];
  }

 private:
  inline void evaluate_at(const float* theta, long step, float* gradient, float* losses, Pool* pool) const {
    const long d = all->dimension;
    if (lanes != nullptr) {
      for (long f = 0; f < count; f += kLanes)
        lanes[f / kLanes].evaluate(theta + f * d, d, in_group(f / kLanes), gradient + f * d, losses + f);
      return;
    }
    for (long f = 0; f < count; f++) {
      const float* x = theta + f * d;
      float* g = gradient + f * d;
      const long at = first + f;
      switch (all->family) {
        case Functions::kSimple:
          losses[f] = parabola(nullptr, x, d, g);
          break;
        case Functions::kParabola:
          losses[f] = parabola(all->data[0] + at * d, x, d, g);
          break;
        case Functions::kQuadratic:
          losses[f] = quadratic(all->data[0] + at * d * d, all->data[1] + at * d, x, d, g, scratch);
          break;
        case Functions::kPerceptron: {
          const Perceptron& p = all->perceptron;
          const float* classes = p.classes == nullptr ? nullptr : p.classes + at * p.widths[p.layers];
          losses[f] = perceptron.evaluate(x, p.rows + (step * all->count + at) * p.batch, classes, g, pool);
          break;
        }
        case Functions::kConvNet: {
          const ConvNet& n = all->conv_net;
          losses[f] = conv_net.evaluate(x, n.rows + (step * all->count + at) * n.batch, g, pool);
          break;
        }
      }
    }
  }

  long in_group(long group) const {
    const long left = count - group * kLanes;
    return left < kLanes ? left : kLanes;
  }
};

}  // namespace metadescent::METADESCENT_ISA
