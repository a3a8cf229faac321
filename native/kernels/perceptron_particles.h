#pragma once
// Mean loss and gradient of perceptrons of equal shape, one per lane; lanes of a pair share their mini-batches. Weights are
// [outputs][inputs], values [units][examples], so that every loop runs along memory.
#include "../engine/population.h"
#include "networks/lane_policies.h"
#include "optimizees/hidden_units.h"
#include "memory.h"
#include "operands.h"
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
  /** The pixels as operands of sums over the inputs, [operands][batch][functions], with a line between rows. */
  float* pixels;
  long pixel_stride;
  /** And of sums over the examples, [inputs][operands][functions]: the same memory, unless operands are pairs. */
  float* example_pixels;
  long example_stride;
  /** Memory for operands that are made for a product. */
  float *left, *right;
  /** The classes, [batch][functions], as the bits of ints. */
  float* labels;
  /** Outputs of each layer, then their cotangents, [units][batch + 1]; and the weighted sums that some activations need. */
  float *values[kMaxPerceptronLayers], *sums[kMaxPerceptronLayers];

 public:
  /** Takes its memory; with a counting arena it only counts. */
  PerceptronParticles(const Perceptron& p, Arena& arena) : network(p) {
    pixel_stride = p.batch * kFunctions + 16;
    pixels = arena.take<float>(operands(p.widths[0]) * pixel_stride);
    example_pixels = pixels, example_stride = pixel_stride;
    if constexpr (kPairs) {
      example_stride = operands(p.batch) * kFunctions + 16;
      example_pixels = arena.take<float>(p.widths[0] * example_stride);
    }
    labels = arena.take<float>(p.batch * kFunctions);
    for (int l = 0; l < p.layers; l++) {
      values[l] = arena.take<float>(p.widths[l + 1] * stride());
      sums[l] = keeps_sums() && l < p.layers - 1 ? arena.take<float>(p.widths[l + 1] * stride()) : nullptr;
    }
    long most_left = 0, most_right = 0;
    for (int l = 0; l < p.layers; l++) {
      const long inputs = p.widths[l], outputs = p.widths[l + 1];
      most_left = max_of(most_left, max_of(operand_floats(outputs, inputs), operand_floats(outputs, p.batch)));
      most_right = max_of(most_right, operand_floats(max_of(l == 0 ? 0 : inputs, outputs), p.batch));
    }
    left = arena.take<float>(most_left);
    right = arena.take<float>(most_right);
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
      const auto put = [&](long i, Ints bytes) {
        if constexpr (kPairs) put_pair(i, e, bytes);
        else *reinterpret_cast<Floats*>(pixels + i * pixel_stride + e * kFunctions) = floats(bytes) * (1 / 255.f);
      };
      long i = 0;
      for (; i + 4 <= width; i += 4) {
        Ints four;
        for (int f = 0; f < kFunctions; f++) {
          int bytes;
          __builtin_memcpy(&bytes, from[f] + i, 4);
          four[f] = bytes;
        }
        UNROLL for (int k = 0; k < 4; k++) put(i + k, (four >> 8 * k) & 255);
      }
      for (; i < width; i++) {
        Ints one;
        for (int f = 0; f < kFunctions; f++) one[f] = from[f][i];
        put(i, one);
      }
    }
  }

  /** @returns f(θ) of each lane; leaves df/d(outputs) in the last layer's values */
  V forward(const ParticleLayer* layers) {
    for (int l = 0; l < network.layers; l++) {
      if (l == 0) {
        weigh(l, layers[l], [&](long k, int e) { return load_twice(pixels + k * pixel_stride + e * kFunctions); });
      } else {
        const Operands x = along_rows(values[l - 1], network.widths[l], network.batch, stride(), right);
        weigh(l, layers[l], [&](long k, int e) { return load(x.row(k) + e * kLanes); });
      }
      if (l < network.layers - 1) activate(l);
    }
    return network.loss == Perceptron::kSquaredError ? squared_error() : cross_entropy();
  }

  /** Σ over the examples of df/d(sums) ⊗ inputs: emit(output, first input, values, count) in tiles, for all inputs. */
  template <class Emit>
  void weight_gradient(int l, const Emit& emit) {
    if (l == 0) {
      outer(l, [&](int i, long k) { return load_twice(example_pixels + i * example_stride + k * kFunctions); }, emit);
      return;
    }
    const Operands x = along_columns(values[l - 1], network.widths[l], network.batch, stride(), right);
    outer(l, [&](int i, long k) { return load(x.row(i) + k * kLanes); }, emit);
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
    const Operands weights = along_rows(layer.weights, outputs, inputs, inputs * kLanes, left);
    const Operands cotangents = along_rows(values[l], outputs, network.batch, stride(), right);
    const long count = operands(outputs);
    derive(l - 1);
    for_tiles<kParticleExamples>(network.batch, [&](int example, auto examples) {
      for_tiles<kParticleUnits>(inputs, [&](int unit, auto units) {
        constexpr int E = decltype(examples)::value, U = decltype(units)::value;
        V a[U][E] = {};
        const float* w = weights.at + unit * kLanes;
        const float* d = cotangents.at + example * kLanes;
#pragma GCC unroll 1
        for (long k = 0; k < count; k++) {
          V ws[U];
          UNROLL for (int u = 0; u < U; u++) ws[u] = load(w + u * kLanes);
          UNROLL for (int e = 0; e < E; e++) {
            V dz = load(d + e * kLanes);
            keep_in_register(dz);
            UNROLL for (int u = 0; u < U; u++) a[u][e] = add_product(ws[u], dz, a[u][e]);
          }
          w += weights.stride;
          d += cotangents.stride;
        }
        UNROLL for (int u = 0; u < U; u++)
          UNROLL for (int e = 0; e < E; e++) {
            float* const at = values[l - 1] + (unit + u) * stride() + (example + e) * kLanes;
            store(at, layer.weight_scale * a[u][e] * load(at));
          }
      });
    });
  }

 private:
  bool keeps_sums() const { return network.activation == Perceptron::kGelu; }
  long stride() const { return (network.batch + 1) * kLanes; }

  static Floats floats(Ints bytes) { return __builtin_convertvector(bytes, typename VectorOf<kFunctions>::Float); }

  /** In pairs, pixels are the bytes, which bfloat16 holds exactly; products with them are divided by 255. */
  INLINE void put_pair(long i, long e, Ints bytes) {
    const Ints upper = reinterpret_cast<Ints>(floats(bytes)), lower = upper >> 16 & 0xffff;
    const auto put = [](float* at, bool second, Ints own) {
      Ints pair = own;
      if (second) {
        __builtin_memcpy(&pair, at, sizeof pair);
        pair |= own;
      }
      __builtin_memcpy(at, &pair, sizeof pair);
    };
    put(pixels + i / 2 * pixel_stride + e * kFunctions, i % 2, i % 2 ? upper : lower);
    put(example_pixels + i * example_stride + e / 2 * kFunctions, e % 2, e % 2 ? upper : lower);
  }

  /** What sums over pixels are multiplied by. */
  static V pixel_scale(int l) { return set(kPairs && l == 0 ? 1 / 255.f : 1); }

  INLINE V value(int l, int unit, int e) const { return load(values[l] + unit * stride() + e * kLanes); }

  /** Replaces a layer's sums by its outputs; apart from the products, since their tiles would each have it anew. */
  void activate(int l) {
    each_value(l, [&](float* at, float* sum) {
      const V z = load(at);
      if (keeps_sums()) store(sum, z);
      store(at, activation(network.activation, z));
    });
  }

  /** Replaces a layer's outputs by their derivatives. */
  void derive(int l) {
    each_value(l, [&](float* at, float* sum) {
      const V value = load(at);
      store(at, derivative(network.activation, value, keeps_sums() ? load(sum) : value));
    });
  }

  template <class F>
  INLINE void each_value(int l, const F& f) {
    for (int u = 0; u < network.widths[l + 1]; u++)
      for (int e = 0; e < network.batch; e++) {
        const long at = u * stride() + e * kLanes;
        f(values[l] + at, keeps_sums() ? sums[l] + at : nullptr);
      }
  }

  /** The layer's weighted sums. @param x(k, e) an operand of its inputs */
  template <class X>
  INLINE void weigh(int l, const ParticleLayer& layer, const X& x) {
    const int inputs = network.widths[l], outputs = network.widths[l + 1];
    const Operands weights = along_columns(layer.weights, outputs, inputs, inputs * kLanes, left);
    const V scale = layer.weight_scale * pixel_scale(l);
    const long count = operands(inputs);
    for_tiles<kParticleExamples>(network.batch, [&](int example, auto examples) {
      for_tiles<kParticleUnits>(outputs, [&](int unit, auto units) {
        constexpr int E = decltype(examples)::value, U = decltype(units)::value;
        V a[U][E] = {};
        const float* w[U];
        UNROLL for (int u = 0; u < U; u++) w[u] = weights.row(unit + u);
#pragma GCC unroll 2
        for (long k = 0; k < count; k++) {
          V ws[U];
          UNROLL for (int u = 0; u < U; u++) ws[u] = load(w[u] + k * kLanes);
          UNROLL for (int e = 0; e < E; e++) {
            V xs = x(k, example + e);
            keep_in_register(xs);
            UNROLL for (int u = 0; u < U; u++) a[u][e] = add_product(ws[u], xs, a[u][e]);
          }
        }
        UNROLL for (int u = 0; u < U; u++) {
          const V bias = layer.bias_scale * load(layer.biases + (unit + u) * kLanes);
          float* const to = values[l] + (unit + u) * stride() + example * kLanes;
          UNROLL for (int e = 0; e < E; e++) store(to + e * kLanes, fma(scale, a[u][e], bias));
        }
      });
    });
  }

  template <class X, class Emit>
  INLINE void outer(int l, const X& x, const Emit& emit) {
    const int inputs = network.widths[l], outputs = network.widths[l + 1], batch = network.batch;
    const Operands cotangents = along_columns(values[l], outputs, batch, stride(), left);
    const long count = operands(batch);
    for_tiles<kParticleExamples>(inputs, [&](int input, auto size) {
      for_tiles<kParticleUnits>(outputs, [&](int unit, auto units) {
        constexpr int I = decltype(size)::value, U = decltype(units)::value;
        V a[U][I] = {};
#pragma GCC unroll 2
        for (long k = 0; k < count; k++) {
          V dz[U];
          UNROLL for (int u = 0; u < U; u++) dz[u] = load(cotangents.row(unit + u) + k * kLanes);
          UNROLL for (int i = 0; i < I; i++) {
            V xs = x(input + i, k);
            keep_in_register(xs);
            UNROLL for (int u = 0; u < U; u++) a[u][i] = add_product(dz[u], xs, a[u][i]);
          }
        }
        if constexpr (kPairs)
          UNROLL for (int u = 0; u < U; u++) UNROLL for (int i = 0; i < I; i++) a[u][i] = a[u][i] * pixel_scale(l);
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
