#pragma once
// Mean loss and gradient of perceptrons of equal shape, one per lane; lanes of a pair share their mini-batches. Weights are [outputs][inputs], values [units][examples], so that every loop runs along memory.
#include "../engine/population.h"
#include "networks/lane_policies.h"
#include "optimizees/hidden_units.h"
#include "memory.h"
#include "tiles.h"

namespace metadescent::METADESCENT_ISA {

constexpr int kParticleUnits = kRegisters == 32 ? 3 : 2;
constexpr int kParticleExamples = kRegisters == 32 ? 8 : 6;

/** A layer's weights [outputs][inputs] and biases [outputs], and what they are multiplied by. */
struct ParticleLayer {
  const float *weights, *biases;
  V weight_scale, bias_scale;
};

class PerceptronParticles {
  /** Floats per pixel: one per function. */
  static constexpr int kFunctions = kLanes / kCopies;
  using Ints = typename VectorOf<kFunctions>::Int;
  using Floats = typename VectorOf<kFunctions>::Unaligned;

  const Perceptron& network;
  /** The pixels, [inputs][batch][functions], with a line between inputs. */
  float* pixels;
  long pixel_stride;
  /** The classes, [batch][functions], as the bits of ints. */
  float* labels;
  /** Outputs of each layer, then their cotangents, [units][batch + 1]; and the weighted sums that some activations need. */
  float *values[kMaxPerceptronLayers], *sums[kMaxPerceptronLayers];

 public:
  /** Takes its memory; with a counting arena it only counts. */
  PerceptronParticles(const Perceptron& p, Arena& arena) : network(p) {
    pixel_stride = p.batch * kFunctions + 16;
    pixels = arena.take<float>(p.widths[0] * pixel_stride);
    labels = arena.take<float>(p.batch * kFunctions);
    for (int l = 0; l < p.layers; l++) {
      values[l] = arena.take<float>(p.widths[l + 1] * stride());
      sums[l] = keeps_sums() && l < p.layers - 1 ? arena.take<float>(p.widths[l + 1] * stride()) : nullptr;
    }
  }

  /** Copies a mini-batch. @param rows each function's examples */
  void gather(const PopulationGroup& group, long step) {
    const long batch = network.batch, width = network.widths[0];
    for (long e = 0; e < batch; e++) {
      const unsigned char* from[kFunctions];
      Ints classes;
      for (int f = 0; f < kFunctions; f++) {
        const PopulationGroup::Function& function = group.function[f < group.functions ? f : 0];
        const int row = function.rows[step * batch + e];
        from[f] = function.inputs + row * width;
        const int label = function.labels[row];
        classes[f] = function.classes == nullptr ? label : static_cast<int>(function.classes[label]);
      }
      __builtin_memcpy(labels + e * kFunctions, &classes, sizeof classes);
      float* to = pixels + e * kFunctions;
      long i = 0;
      for (; i + 4 <= width; i += 4) {
        Ints four;
        for (int f = 0; f < kFunctions; f++) {
          int bytes;
          __builtin_memcpy(&bytes, from[f] + i, 4);
          four[f] = bytes;
        }
        UNROLL for (int k = 0; k < 4; k++) {
          put_pixels(to, (four >> 8 * k) & 255);
          to += pixel_stride;
        }
      }
      for (; i < width; i++) {
        Ints one;
        for (int f = 0; f < kFunctions; f++) one[f] = from[f][i];
        put_pixels(to, one);
        to += pixel_stride;
      }
    }
  }

  /** @returns f(θ) of each lane; leaves df/d(outputs) in the last layer's values */
  V forward(const ParticleLayer* layers) {
    for (int l = 0; l < network.layers; l++) {
      if (l == 0) weigh(l, layers[l], [&](int i, int e) { return pixel(i, e); });
      else weigh(l, layers[l], [&](int i, int e) { return value(l - 1, i, e); });
    }
    return network.loss == Perceptron::kSquaredError ? squared_error() : cross_entropy();
  }

  /** Σ over the examples of df/d(sums) ⊗ inputs: emit(output, first input, values, count) in tiles, for all inputs. */
  template <class Emit>
  void weight_gradient(int l, const Emit& emit) {
    if (l == 0) outer(l, [&](int i, int e) { return pixel(i, e); }, emit);
    else outer(l, [&](int i, int e) { return value(l - 1, i, e); }, emit);
  }

  /** emit(output, Σ over the examples of df/d(sums)) */
  template <class Emit>
  void bias_gradient(int l, const Emit& emit) {
    for (int u = 0; u < network.widths[l + 1]; u++) {
      V sum[2]{};
      for (int e = 0; e < network.batch; e++) sum[e & 1] = sum[e & 1] + value(l, u, e);
      emit(u, sum[0] + sum[1]);
    }
  }

  /** Replaces the values of the layer below by df/d(its sums). Call it after {@link weight_gradient}. */
  void back(int l, const ParticleLayer& layer) {
    const int inputs = network.widths[l], outputs = network.widths[l + 1];
    for_tiles<kParticleExamples>(network.batch, [&](int example, auto examples) {
      for_tiles<kParticleUnits>(inputs, [&](int unit, auto units) {
        constexpr int E = decltype(examples)::value, U = decltype(units)::value;
        V a[U][E] = {};
        const float* w = layer.weights + unit * kLanes;
        const float* d = values[l] + example * kLanes;
#pragma GCC unroll 1
        for (int k = 0; k < outputs; k++) {
          V ws[U];
          UNROLL for (int u = 0; u < U; u++) ws[u] = load(w + u * kLanes);
          UNROLL for (int e = 0; e < E; e++) {
            V dz = load(d + e * kLanes);
            keep_in_register(dz);
            UNROLL for (int u = 0; u < U; u++) a[u][e] = fma(ws[u], dz, a[u][e]);
          }
          w += inputs * kLanes;
          d += stride();
        }
        UNROLL for (int u = 0; u < U; u++)
          UNROLL for (int e = 0; e < E; e++) {
            float* const at = values[l - 1] + (unit + u) * stride() + (example + e) * kLanes;
            const float* const z = keeps_sums() ? sums[l - 1] + (unit + u) * stride() + (example + e) * kLanes : at;
            store(at, layer.weight_scale * a[u][e] * derivative(network.activation, load(at), load(z)));
          }
      });
    });
  }

 private:
  bool keeps_sums() const { return network.activation == Perceptron::kGelu; }
  long stride() const { return (network.batch + 1) * kLanes; }

  static void put_pixels(float* to, Ints bytes) {
    *reinterpret_cast<Floats*>(to) = __builtin_convertvector(bytes, typename VectorOf<kFunctions>::Float) * (1 / 255.f);
  }

  INLINE V pixel(int i, int e) const {
    const float* p = pixels + i * pixel_stride + e * kFunctions;
    return load_twice(p);
  }

  INLINE V value(int l, int unit, int e) const { return load(values[l] + unit * stride() + e * kLanes); }

  /** The layer's weighted sums, activated but for the last layer's. @param x(i, e) its inputs */
  template <class X>
  INLINE void weigh(int l, const ParticleLayer& layer, const X& x) {
    const int inputs = network.widths[l], outputs = network.widths[l + 1];
    const bool activates = l < network.layers - 1;
    for_tiles<kParticleExamples>(network.batch, [&](int example, auto examples) {
      for_tiles<kParticleUnits>(outputs, [&](int unit, auto units) {
        constexpr int E = decltype(examples)::value, U = decltype(units)::value;
        V a[U][E] = {};
        const float* w[U];
        UNROLL for (int u = 0; u < U; u++) w[u] = layer.weights + static_cast<long>(unit + u) * inputs * kLanes;
#pragma GCC unroll 2
        for (int i = 0; i < inputs; i++) {
          V ws[U];
          UNROLL for (int u = 0; u < U; u++) ws[u] = load(w[u] + i * kLanes);
          UNROLL for (int e = 0; e < E; e++) {
            V xs = x(i, example + e);
            keep_in_register(xs);
            UNROLL for (int u = 0; u < U; u++) a[u][e] = fma(ws[u], xs, a[u][e]);
          }
        }
        UNROLL for (int u = 0; u < U; u++) {
          const V bias = layer.bias_scale * load(layer.biases + (unit + u) * kLanes);
          float* const to = values[l] + (unit + u) * stride() + example * kLanes;
          UNROLL for (int e = 0; e < E; e++) {
            const V z = fma(layer.weight_scale, a[u][e], bias);
            if (activates && keeps_sums()) store(sums[l] + (unit + u) * stride() + (example + e) * kLanes, z);
            store(to + e * kLanes, activates ? activation(network.activation, z) : z);
          }
        }
      });
    });
  }

  template <class X, class Emit>
  INLINE void outer(int l, const X& x, const Emit& emit) {
    const int inputs = network.widths[l], outputs = network.widths[l + 1], batch = network.batch;
    for_tiles<kParticleExamples>(inputs, [&](int input, auto size) {
      for_tiles<kParticleUnits>(outputs, [&](int unit, auto units) {
        constexpr int I = decltype(size)::value, U = decltype(units)::value;
        V a[U][I] = {};
#pragma GCC unroll 2
        for (int e = 0; e < batch; e++) {
          V dz[U];
          UNROLL for (int u = 0; u < U; u++) dz[u] = value(l, unit + u, e);
          UNROLL for (int i = 0; i < I; i++) {
            V xs = x(input + i, e);
            keep_in_register(xs);
            UNROLL for (int u = 0; u < U; u++) a[u][i] = fma(dz[u], xs, a[u][i]);
          }
        }
        UNROLL for (int u = 0; u < U; u++) emit(unit + u, input, a[u], size);
      });
    });
  }

  /** The classes of an example. */
  INLINE VInt label_of(int e) const {
    const float* p = labels + e * kFunctions;
    return bits(load_twice(p));
  }

  /** Replaces the outputs z by df/dz. @returns the mean over the examples of |z - y|², y the class as a one-hot vector */
  V squared_error() {
    const int last = network.layers - 1;
    const V share = set(1 / static_cast<float>(network.batch));
    V total{};
    for (int e = 0; e < network.batch; e++) {
      const VInt label = label_of(e);
      V sum{};
      for (int k = 0; k < network.widths[network.layers]; k++) {
        float* const z = values[last] + k * stride() + e * kLanes;
        const V off = load(z) - from_bits(bits(set(1.f)) & (label == set_int(k)));
        sum = fma(off, off, sum);
        store(z, off * (share + share));
      }
      total = total + sum;
    }
    return total * share;
  }

  /** Replaces the logits by df/d(logits). @returns the mean over the examples of log Σ exp z - z_label */
  V cross_entropy() {
    const int last = network.layers - 1, classes = network.widths[network.layers];
    const V share = set(1 / static_cast<float>(network.batch));
    V total{};
    for (int e = 0; e < network.batch; e++) {
      const VInt label = label_of(e);
      float* const z = values[last] + e * kLanes;
      V largest = load(z), of_label{};
      for (int k = 1; k < classes; k++) {
        const V next = load(z + k * stride());
        largest = select(next > largest, next, largest);
      }
      V sum{};
      for_tiles<4>(classes, [&](int k, auto size) {
        constexpr int N = decltype(size)::value;
        V y[N];
        UNROLL for (int i = 0; i < N; i++) {
          const V difference = load(z + (k + i) * stride()) - largest;
          of_label = of_label + from_bits(bits(difference) & (label == set_int(k + i)));
          y[i] = difference * set(kLog2E);
        }
        exp2(y);
        UNROLL for (int i = 0; i < N; i++) {
          sum = sum + y[i];
          store(z + (k + i) * stride(), y[i]);
        }
      });
      const V factor = share / sum;
      for (int k = 0; k < classes; k++) {
        const V hot = from_bits(bits(share) & (label == set_int(k)));
        store(z + k * stride(), fma(load(z + k * stride()), factor, -hot));
      }
      // The logarithm expects finite numbers: the second term keeps NaN and infinity from becoming finite.
      total = total + (logarithm(sum) + (sum - sum) - of_label);
    }
    return total * share;
  }
};

}  // namespace metadescent::METADESCENT_ISA
