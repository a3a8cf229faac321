#pragma once
// Steps of an LSTM on one block of coordinates, forward, and back through a segment of steps.
#include "../products.h"
#include "lstm_pack.h"
#include "network.h"
#include "preprocess.h"

namespace metadescent::METADESCENT_ISA {

/** A thread's working memory, for one block at a time. */
template <int NB>
struct Scratch {
  V* inputs;
  /** h of a layer before the step. */
  V* before;
  /** Exponentials of a layer's gates. */
  V* gates;
  /** dL/dh and dL/dc of every layer, each [padded][NB]. */
  V* dh[kMaxLayers];
  V* dc[kMaxLayers];
  /** dL/dz [gates][NB]; and per layer, for up to kOuterSteps steps, transposed. */
  V* dz;
  float* dzT[kMaxLayers];
  /** (1 - α_t λ) δ_{t+1}, to which w_t ∇f(θ_t) adds up to δ_t; and α_t δ_{t+1}, dL/dg_t. */
  V upstream[NB], output[NB];

  Scratch(const Plan& p, Arena& arena, bool backward) {
    inputs = arena.take<V>(2 * NB);
    before = arena.take<V>(p.state / 2 * NB);
    gates = arena.take<V>(4L * p.max_padded * NB);
    if (!backward) return;
    for (int l = 0; l < p.layers; l++) {
      dh[l] = arena.take<V>(p.layer[l].padded * NB);
      dc[l] = arena.take<V>(p.layer[l].padded * NB);
      dzT[l] = arena.take<float>(static_cast<size_t>(p.layer[l].gates) * kLanes * NB * kOuterSteps<NB>);
    }
    dz = arena.take<V>(p.max_gates * NB);
  }
};

/**
 * @param h the layer's previous state, or null if it is zero
 * @param gates [4 padded][NB], scratch
 */
template <bool Keep, int NB>
INLINE void layer_forward(const Layer& l, const V* x, const V* h, V* gates, V* c, V* h_next, V* factors) {
  constexpr int U = kUnits<NB>, R = 4 * U;
  const float* w = l.forward;
  for (int u = 0; u < l.padded; u += U) {
    V z[R][NB];
    UNROLL for (int r = 0; r < R; r++) UNROLL for (int n = 0; n < NB; n++) z[r][n] = set(l.bias[4 * u + r]);
    if (h != nullptr) multiply_add(z, w, h, l.units);
    w += R * l.units;
    multiply_add(z, w, x, l.below);
    w += R * l.below;
    gate_exponentials<NB, U * NB>(z, gates + 4 * u * NB);
  }
  for_tiles<kCellUnits<NB>>(l.padded, [&](int u, auto size) {
    constexpr int M = decltype(size)::value * NB;
    cells<Keep, NB, M>(gates + 4 * u * NB, c + u * NB, h_next + u * NB, Keep ? factors + u * kFactors * NB : nullptr);
  });
}

/**
 * One step of a block, which replaces the state.
 * @param gradient [kLanes NB]
 * @param fresh whether the state is all zeros
 * @param record with Keep, receives what the backward pass needs
 * @param theta [kLanes NB], the update is added to it; may be null
 */
template <bool Keep, int NB>
__attribute__((noinline)) void forward_step(const Plan& p, Scratch<NB>& s, const float* gradient, V* state, bool fresh,
                                            V* record, float* theta, Rate rate) {
  V* inputs = Keep ? record : s.inputs;
  UNROLL for (int n = 0; n < NB; n++) preprocess<NB>(p.network->preprocessing, load(gradient + n * kLanes), inputs + n);
  const V* x = inputs;
  V* before = s.before;
  for (int l = 0; l < p.layers; l++) {
    const Layer& layer = p.layer[l];
    V* h = state + layer.state_h * NB;
    const long size = static_cast<long>(layer.padded) * NB;
    if (!fresh) copy(h, before, size);
    V* next = Keep ? record + layer.record_h * NB : h;
    layer_forward<Keep, NB>(layer, x, fresh ? nullptr : before, s.gates, state + layer.state_c * NB, next,
                            Keep ? record + layer.record_factors * NB : nullptr);
    if constexpr (Keep) copy(next, h, size);
    x = next;
  }
  if (theta == nullptr) return;
  V even[NB], odd[NB];
  UNROLL for (int n = 0; n < NB; n++) even[n] = set(p.output[p.top]), odd[n] = V{};
  int k = 0;
  for (; k + 1 < p.top; k += 2) {
    UNROLL for (int n = 0; n < NB; n++) {
      even[n] = fma(set(p.output[k]), x[k * NB + n], even[n]);
      odd[n] = fma(set(p.output[k + 1]), x[(k + 1) * NB + n], odd[n]);
    }
  }
  if (k < p.top) UNROLL for (int n = 0; n < NB; n++) even[n] = fma(set(p.output[k]), x[k * NB + n], even[n]);
  UNROLL for (int n = 0; n < NB; n++) {
    const V own = set(rate.shrink) * load(theta + n * kLanes);
    store(theta + n * kLanes, own + set(rate.step) * (even[n] + odd[n]));
  }
}

/** dL/dz, and dL/dc of the previous step, for one layer's cells. */
template <int NB>
INLINE void cells_backward(const V* factors, const V* dh, V* dc, V* dz, int units) {
  for (int u = 0; u < units; u++)
    UNROLL for (int n = 0; n < NB; n++) {
      const V* f = factors + u * kFactors * NB + n;
      V* z = dz + 4 * u * NB + n;
      const V h = dh[u * NB + n], c = fma(h, f[kCellFromHidden * NB], dc[u * NB + n]);
      z[0] = c * f[kInputGate * NB];
      z[NB] = c * f[kForgetGate * NB];
      z[2 * NB] = c * f[kCellGate * NB];
      z[3 * NB] = h * f[kOutputGate * NB];
      dc[u * NB + n] = c * f[kCellFromCell * NB];
    }
}

/** Sets what the backward pass carries from step to step to its value after the last step. */
template <int NB>
INLINE void begin_backward(const Plan& p, Scratch<NB>& s) {
  for (int l = 0; l < p.layers; l++) {
    clear(s.dh[l], static_cast<long>(p.layer[l].padded) * NB);
    clear(s.dc[l], static_cast<long>(p.layer[l].padded) * NB);
  }
  UNROLL for (int n = 0; n < NB; n++) s.upstream[n] = V{};
}

/** Adds a step's part of the output map's gradient; the output scale is applied at the end. */
template <int NB>
INLINE void output_backward(const Plan& p, Scratch<NB>& s, const V* x, float* sums) {
  V* dh = p.layers > 0 ? s.dh[p.layers - 1] : nullptr;
  for (int k = 0; k < p.top; k++, sums += kLanes) {
    V sum = load(sums);
    UNROLL for (int n = 0; n < NB; n++) {
      sum = fma(s.output[n], x[k * NB + n], sum);
      if (dh != nullptr) dh[k * NB + n] = fma(set(p.output[k]), s.output[n], dh[k * NB + n]);
    }
    store(sums, sum);
  }
  V sum = load(sums);
  UNROLL for (int n = 0; n < NB; n++) sum = sum + s.output[n];
  store(sums, sum);
}

/**
 * The layers' part of dL/dφ for consecutive steps, whose transposed dL/dz are in the scratch, the latest first.
 * @param record the earliest step's record
 * @param begins whether that is the segment's first step
 * @param initial the state before that step, or null if it is all zeros
 */
template <int NB>
INLINE void products_backward(const Plan& p, const Scratch<NB>& s, const V* record, int steps, bool begins,
                              const V* initial, float* sums) {
  constexpr int kWidth = kLanes * NB;
  const long stride = -p.record * NB;
  const V* latest = record - (steps - 1) * stride;
  for (int l = 0; l < p.layers; l++) {
    const Layer& layer = p.layer[l];
    const V* below = latest + (l > 0 ? p.layer[l - 1].record_h * NB : 0);
    outer_product(sums + layer.sums_below, below, stride, layer.below, s.dzT[l], layer.gates, kWidth, steps);
    // The previous step's h.
    const int within = begins ? steps - 1 : steps;
    if (within > 0)
      outer_product(sums + layer.sums_self, latest + stride + layer.record_h * NB, stride, layer.units, s.dzT[l],
                    layer.gates, kWidth, within);
    if (within < steps && initial != nullptr)
      outer_product(sums + layer.sums_self, initial + layer.state_h * NB, 0, layer.units,
                    s.dzT[l] + within * kWidth * layer.gates, layer.gates, kWidth, 1);
  }
}

/**
 * Back-propagation through steps `first` … `last` - 1 of a block, given their records. Second derivatives are dropped:
 * dL/dg_t is α_t δ_{t+1}, with δ_t = w_t ∇f(θ_t) + (1 - α_t λ) δ_{t+1}, so no gradient passes through the inputs.
 * @param weights w_t ℓ'(f(θ_t)) / B of each coordinate's function
 * @param initial the state before step `first`
 * @param fresh whether `initial` is all zeros
 * @param rate_at the rates of step t
 * @param sums added to
 */
template <int NB, class RateAt>
__attribute__((noinline)) void backward_segment(const Plan& p, Scratch<NB>& s, const V* records, long first, long last,
                                                const V* initial, bool fresh, Rows gradients, Rows weights,
                                                const RateAt& rate_at, float* sums) {
  constexpr int kWidth = kLanes * NB;
  int waiting = 0;
  for (long t = last - 1; t >= first; t--) {
    const Rate rate = rate_at(t);
    const V* record = records + (t - first) * p.record * NB;
    UNROLL for (int n = 0; n < NB; n++)
      s.upstream[n] = fma(load(weights.row(t + 1) + n * kLanes), load(gradients.row(t + 1) + n * kLanes), s.upstream[n]);
    UNROLL for (int n = 0; n < NB; n++) {
      s.output[n] = set(rate.step) * s.upstream[n];
      s.upstream[n] = set(rate.shrink) * s.upstream[n];
    }
    output_backward(p, s, p.layers > 0 ? record + p.layer[p.layers - 1].record_h * NB : record, sums + p.sums_output);
    for (int l = p.layers - 1; l >= 0; l--) {
      const Layer& layer = p.layer[l];
      const int used = 4 * layer.units;
      cells_backward<NB>(record + layer.record_factors * NB, s.dh[l], s.dc[l], s.dz, layer.units);
      clear(s.dz + used * NB, static_cast<long>(layer.gates - used) * NB);
      if (l > 0) back_product<NB, true>(layer.to_below, s.dz, used, s.dh[l - 1], layer.below);
      if (t > 0) back_product<NB, false>(layer.to_self, s.dz, used, s.dh[l], layer.units);
      transpose<NB>(s.dz, layer.gates, s.dzT[l] + waiting * kWidth * layer.gates, sums + layer.sums_bias);
    }
    if (++waiting < kOuterSteps<NB> && t > first) continue;
    products_backward(p, s, record, waiting, t == first, fresh ? nullptr : initial, sums);
    waiting = 0;
  }
}

}  // namespace metadescent::METADESCENT_ISA
