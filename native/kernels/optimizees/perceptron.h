#pragma once
// The loss of a multi-layer perceptron on a mini-batch, and its gradient.
//
// Lanes run along the inputs of a layer, whose weights are transposed for that. Work is divided by digits for the forward
// and backward pass, and by blocks of inputs for the weights' gradient, only by shapes and with each sum in the digits'
// order, so the bits are the same for any number of threads, or none.
#include "../../engine/task.h"
#include "../memory.h"
#include "../parallel.h"
#include "../tiles.h"
#include "cross_entropy.h"
#include "hidden_units.h"
#include "squared_error.h"

namespace metadescent::METADESCENT_ISA {

class PerceptronLoss {
  static constexpr long kDigits = 16;
  static constexpr long kInputs = 64;
  static constexpr int kTileUnits = 5;
  static constexpr int kTileDigits = kRegisters / 8;
  static constexpr int kTileVectors = kRegisters / 8;

  struct Layer {
    long inputs, outputs;
    /** The same, rounded up to whole vectors. */
    long width, height;
    /** Offsets of its weights [inputs][outputs] and biases [outputs] in θ. */
    long weights, biases;
    /** Number of blocks of kInputs inputs. */
    long blocks;
    /** [outputs][width]; zero beyond the inputs. */
    float* transposed;
    /** The layer's input, [batch][width]. Beyond the inputs it is finite and has no effect. */
    float* values;
    /** Weighted sums of the inputs, then their cotangents, [batch][height]. */
    float* sums;
  };

  const Perceptron* network;
  Layer layer[kMaxPerceptronLayers];
  /** Per digit. */
  float* losses;

 public:
  /** Takes its memory; with a counting arena it only counts. */
  void prepare(const Perceptron& perceptron, Arena& arena) {
    network = &perceptron;
    long offset = 0;
    for (int l = 0; l < network->layers; l++) {
      Layer& to = layer[l];
      to.inputs = network->widths[l];
      to.outputs = network->widths[l + 1];
      to.width = round_up(network->widths[l], kLanes);
      to.height = round_up(network->widths[l + 1], kLanes);
      to.weights = offset;
      to.biases = offset + to.inputs * to.outputs;
      offset = to.biases + to.outputs;
      to.blocks = (to.width + kInputs - 1) / kInputs;
      to.transposed = arena.take<float>(to.outputs * to.width);
      to.values = arena.take<float>(network->batch * to.width);
      to.sums = arena.take<float>(network->batch * to.height);
    }
    losses = arena.take<float>(network->batch);
  }

  /**
   * @param rows the examples of the mini-batch
   * @param classes the function's own numbers for the classes, or null
   * @param pool the threads to work on, or null
   * @returns f(θ)
   */
  float evaluate(const float* theta, const int* rows, const float* classes, float* gradient, Pool* pool) const {
    const long batch = network->batch;
    each_block(pool, [&](const Layer& l, long from, long to) { transpose(l, theta + l.weights, from, to); });
    each_piece(pool, (batch + kDigits - 1) / kDigits, [&](long piece) {
      const long first = piece * kDigits, left = batch - first;
      take_through(theta, rows, classes, first, static_cast<int>(left < kDigits ? left : kDigits));
    });
    each_block(pool, [&](const Layer& l, long from, long to) {
      weight_gradient(l, from, to, gradient + l.weights);
      if (from == 0) bias_gradient(l, gradient + l.biases);
    });
    float sum = 0;
    for (long d = 0; d < batch; d++) sum += losses[d];
    return sum / static_cast<float>(batch);
  }

 private:
  /** Calls work(layer, first input, end) for the blocks of every layer. */
  template <class F>
  void each_block(Pool* pool, F&& work) const {
    long blocks = 0;
    for (int l = 0; l < network->layers; l++) blocks += layer[l].blocks;
    each_piece(pool, blocks, [&](long piece) {
      const Layer* l = layer;
      for (; piece >= l->blocks; l++) piece -= l->blocks;
      const long from = piece * kInputs, to = from + kInputs;
      work(*l, from, to < l->width ? to : l->width);
    });
  }

  static void transpose(const Layer& l, const float* weights, long from, long to) {
    for (long u = 0; u < l.outputs; u++)
      for (long i = from; i < to; i++) l.transposed[u * l.width + i] = i < l.inputs ? weights[i * l.outputs + u] : 0;
  }

  /** Some digits, forward through all the layers and back. */
  void take_through(const float* theta, const int* rows, const float* classes, long first, int count) const {
    const int last = network->layers - 1;
    gather(rows, first, count);
    for (int l = 0; l <= last; l++) {
      weigh(layer[l], theta + layer[l].biases, first, count);
      if (l < last) activate(layer[l], layer[l + 1], first, count);
    }
    for (long d = first; d < first + count; d++) {
      const int label = network->labels[rows[d]];
      losses[d] = loss(layer[last].sums + d * layer[last].height, classes == nullptr ? label : static_cast<int>(classes[label]), d);
    }
    for (int l = last; l > 0; l--) back(layer[l], layer[l - 1], first, count);
  }

  /** The pixels, scaled to 0 … 1. */
  void gather(const int* rows, long first, int count) const {
    const Layer& l = layer[0];
    for (long d = first; d < first + count; d++) {
      const unsigned char* from = network->inputs + rows[d] * l.inputs;
      float* to = l.values + d * l.width;
      for (long i = 0; i < l.inputs; i++) to[i] = static_cast<float>(from[i]) * (1 / 255.f);
      for (long i = l.inputs; i < l.width; i++) to[i] = 0;
    }
  }

  /** sums = values · weights + biases; 0 beyond the outputs. */
  static void weigh(const Layer& l, const float* biases, long first, int count) {
    for_tiles<kTileUnits>(static_cast<int>(l.outputs), [&](int unit, auto units) {
      for_tiles<kTileDigits>(count, [&](int digit, auto digits) {
        constexpr int U = decltype(units)::value, D = decltype(digits)::value;
        const float* x = l.values + (first + digit) * l.width;
        const float* w = l.transposed + unit * l.width;
        V a[D][U] = {};
        for (long i = 0; i < l.width; i += kLanes) {
          V xs[D];
          UNROLL for (int d = 0; d < D; d++) xs[d] = load(x + d * l.width + i);
          UNROLL for (int u = 0; u < U; u++) {
            const V wu = load(w + u * l.width + i);
            UNROLL for (int d = 0; d < D; d++) a[d][u] = fma(xs[d], wu, a[d][u]);
          }
        }
        float* z = l.sums + (first + digit) * l.height + unit;
        for (int d = 0; d < D; d++)
          for (int u = 0; u < U; u++) z[d * l.height + u] = biases[unit + u] + sum_of(a[d][u]);
      });
    });
    for (long d = first; d < first + count; d++)
      for (long u = l.outputs; u < l.height; u++) l.sums[d * l.height + u] = 0;
  }

  /** @param z the last layer's sums; replaced by df/dz @returns the loss of example d */
  float loss(float* z, int label, long d) const {
    const long outputs = layer[network->layers - 1].outputs;
    switch (network->loss) {
      case Perceptron::kSquaredError:
        return squared_error(z, outputs, label, network->batch);
      case Perceptron::kReconstruction:
        return reconstruction_error(z, layer[0].values + d * layer[0].width, outputs, network->batch);
      default:
        return cross_entropy(z, outputs, label, network->batch);
    }
  }

  void activate(const Layer& l, const Layer& above, long first, int count) const {
    for (long i = first * l.height; i < (first + count) * l.height; i += kLanes)
      store(above.values + i, activation(network->activation, load(l.sums + i)));
  }

  /** df/d(sums of the layer below) = derivative ∘ (df/d(sums) · weightsᵀ) */
  void back(const Layer& l, const Layer& below, long first, int count) const {
    for_tiles<kTileVectors>(static_cast<int>(l.width / kLanes), [&](int vector, auto vectors) {
      for_tiles<kTileDigits>(count, [&](int digit, auto digits) {
        constexpr int N = decltype(vectors)::value, D = decltype(digits)::value;
        const float* dz = l.sums + (first + digit) * l.height;
        const float* w = l.transposed + vector * kLanes;
        V a[D][N] = {};
        for (long u = 0; u < l.outputs; u++) {
          V ws[N];
          UNROLL for (int n = 0; n < N; n++) ws[n] = load(w + u * l.width + n * kLanes);
          UNROLL for (int d = 0; d < D; d++) {
            const V du = set(dz[d * l.height + u]);
            UNROLL for (int n = 0; n < N; n++) a[d][n] = fma(du, ws[n], a[d][n]);
          }
        }
        const long at = (first + digit) * l.width + vector * kLanes;
        for (int d = 0; d < D; d++)
          for (int n = 0; n < N; n++) {
            const long i = at + d * l.width + n * kLanes;
            store(below.sums + i, a[d][n] * derivative(network->activation, load(l.values + i), load(below.sums + i)));
          }
      });
    });
  }

  /** Σ over the digits of values ⊗ df/d(sums), for inputs from … to - 1. */
  void weight_gradient(const Layer& l, long from, long to, float* gradient) const {
    for_tiles<kTileVectors>(static_cast<int>((to - from) / kLanes), [&](int vector, auto vectors) {
      for_tiles<kTileUnits>(static_cast<int>(l.outputs), [&](int unit, auto units) {
        constexpr int N = decltype(vectors)::value, U = decltype(units)::value;
        const long at = from + vector * kLanes;
        V a[U][N] = {};
        for (long d = 0; d < network->batch; d++) {
          const float* x = l.values + d * l.width + at;
          const float* dz = l.sums + d * l.height + unit;
          V xs[N];
          UNROLL for (int n = 0; n < N; n++) xs[n] = load(x + n * kLanes);
          UNROLL for (int u = 0; u < U; u++) {
            V du = set(dz[u]);
            keep_in_register(du);
            UNROLL for (int n = 0; n < N; n++) a[u][n] = fma(du, xs[n], a[u][n]);
          }
        }
        for (int n = 0; n < N; n++) {
          const long i = at + n * kLanes, lanes = l.inputs - i < kLanes ? l.inputs - i : kLanes;
          for (long lane = 0; lane < lanes; lane++)
            for (int u = 0; u < U; u++) gradient[(i + lane) * l.outputs + unit + u] = a[u][n][lane];
        }
      });
    });
  }

  void bias_gradient(const Layer& l, float* gradient) const {
    for (long u = 0; u < l.outputs; u++) {
      float sum = 0;
      for (long d = 0; d < network->batch; d++) sum += l.sums[d * l.height + u];
      gradient[u] = sum;
    }
  }
};

}  // namespace metadescent::METADESCENT_ISA
