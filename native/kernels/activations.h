#pragma once
// The LSTM cell: gates, cell state and output of several units at once, from pre-activations that are still in
// registers.
//
// Exponentials are to base 2; the change of base is folded into the packed weights, so a gate's pre-activation is given
// as y = -log2(e) z for a sigmoid, 1 / (1 + 2^y), and as y = 2 log2(e) z for a tanh, (2^y - 1) / (2^y + 1).
// The three quotients of c' = σ(f) c + σ(i) tanh(g) share one division, and so do the two of h' = σ(o) tanh(c'). It is a
// true division: approximate reciprocals differ between processor makers.
//
// M independent chains advance in lockstep: one after another, their waiting instructions would fill the scheduler and
// leave the execution ports idle.
#include "lanes.h"

namespace metadescent::METADESCENT_ISA {

constexpr float kLog2E = 1.4426950408889634f;

#define EACH UNROLL for (int i = 0; i < M; i++)

/** p_i = Σ_d c[d] r_i^(D - 1 - d), by Horner's rule */
template <int M, int D>
INLINE void polynomial(V (&p)[M], const V (&r)[M], const float (&c)[D]) {
  EACH p[i] = fma(set(c[0]), r[i], set(c[1]));
  UNROLL for (int d = 2; d < D; d++) EACH p[i] = fma(p[i], r[i], set(c[d]));
}

/**
 * Splits y into an integer n and r = y - n in [-1/2, 1/2]; n is returned as the bits of n 2^23, to be added to a float's
 * bits. y is clamped to ±40: a product of three denominators must not overflow. A sigmoid is then at least 1e-12, and
 * 2^y - 1 and 1 + 2^y round to the same values. NaN stays NaN.
 */
template <int M>
INLINE void reduce(V (&y)[M], V (&r)[M], VInt (&n)[M]) {
  constexpr float kRound = 12582912.f;  // 1.5 · 2^23: adding it leaves the nearest integer in the low bits
  V t[M];
  EACH y[i] = at_least(at_most(y[i], 40.f), -40.f);
  EACH t[i] = y[i] + set(kRound);
  EACH r[i] = y[i] - (t[i] - set(kRound));
  EACH n[i] = bits(t[i]) << 23;
}

/** y → 2^y. The polynomial is the minimax fit of 2^r on [-1/2, 1/2], relative error 7.5e-8. */
template <int M>
INLINE void exp2(V (&y)[M]) {
  V r[M], p[M];
  VInt n[M];
  reduce(y, r, n);
  polynomial(p, r, {1.32764725e-3f, 9.67554096e-3f, 5.55071309e-2f, .240221202f, .693146944f, 1.00000012f});
  EACH y[i] = from_bits(bits(p[i]) + n[i]);
}

/** y → 1 + 2^y */
template <int M>
INLINE void exp2_plus_1(V (&y)[M]) {
  exp2(y);
  EACH y[i] = y[i] + set(1.f);
}

/**
 * y → 2^y - 1, with a small relative error also near 0, so that the tanh of a tiny number is accurate: with
 * 2^r - 1 = r p(r), p the minimax fit of (2^r - 1)/r, relative error 1.1e-8, 2^y - 1 = 2^n (2^r - 1) + (2^n - 1).
 */
template <int M>
INLINE void exp2_minus_1(V (&y)[M]) {
  V r[M], p[M];
  VInt n[M];
  reduce(y, r, n);
  polynomial(p, r, {1.54035122e-4f, 1.33907353e-3f, 9.61823761e-3f, 5.55035733e-2f, .240226492f, .693147182f});
  EACH p[i] = p[i] * r[i];
  EACH y[i] = from_bits(n[i] + 0x3f800000);
  EACH y[i] = fma(p[i], y[i], y[i] - set(1.f));
}

/**
 * The derivatives that a kept step records per unit, in this order: dz_input/dc', dz_forget/dc', dz_cell/dc',
 * dz_output/dh', dc'/dh' and dc'/dc. A backward step then needs no gates: each dL/dz is one product.
 */
enum Factor { kInputGate, kForgetGate, kCellGate, kOutputGate, kCellFromHidden, kCellFromCell, kFactors };

/**
 * The exponentials of U units' gates, M vectors per gate: for each unit the denominators 1 + 2^y of its input, forget and
 * output gate, and 2^y - 1 of its cell gate. Their chains are short, and the next tile's products fill the pipeline.
 * @param z [4 U][NB] scaled pre-activations, for each unit its input, forget, cell and output gate
 * @param out like z
 */
template <int NB, int M>
INLINE void gate_exponentials(const V (*z)[NB], V* out) {
  UNROLL for (int g = 0; g < 4; g++) {
    const auto at = [&](int i) { return i / NB * 4 + g; };
    V y[M];
    EACH y[i] = z[at(i)][i % NB];
    if (g == 2) exp2_minus_1(y);
    else exp2_plus_1(y);
    EACH out[at(i) * NB + i % NB] = y[i];
  }
}

/**
 * c' and h' of M vectors, from their gates' exponentials. This is a separate pass over a layer: the chain is long, and
 * after a tile of few units the next tile's products would wait behind it in the reorder buffer.
 * @param gates {@link gate_exponentials}' result from the first vector's unit on; vector i belongs to unit i / NB
 * @param c replaced by c'
 * @param h receives h'
 * @param factors with Keep, receives the factors
 */
template <bool Keep, int NB, int M>
INLINE void cells(const V* gates, V* c, V* h, V* factors) {
  const auto gate = [&](int i, int g) { return gates[(i / NB * 4 + g) * NB + i % NB]; };
  const auto put = [&](int i, int factor, V v) {
    if constexpr (Keep) factors[(i / NB * kFactors + factor) * NB + i % NB] = v;
  };
  // d: a denominator; e: 2^y - 1.
  V di[M], df[M], dg[M], eg[M], p[M], r[M], next[M];
  EACH eg[i] = gate(i, 2);
  EACH dg[i] = eg[i] + set(2.f);
  EACH di[i] = gate(i, 0);
  EACH df[i] = gate(i, 1);
  EACH p[i] = di[i] * dg[i];
  EACH r[i] = set(1.f) / (p[i] * df[i]);
  EACH df[i] = r[i] * df[i];   // 1 / (di dg)
  EACH r[i] = r[i] * p[i];     // f
  EACH eg[i] = eg[i] * df[i];  // i g
  EACH p[i] = r[i] * c[i];     // f c
  EACH c[i] = next[i] = p[i] + eg[i];
  EACH put(i, kCellFromCell, r[i]);
  EACH put(i, kForgetGate, fnma(p[i], r[i], p[i]));
  EACH dg[i] = dg[i] * df[i];  // i
  EACH df[i] = eg[i] * di[i];  // g
  EACH put(i, kInputGate, fnma(eg[i], dg[i], eg[i]));
  EACH put(i, kCellGate, fnma(eg[i], df[i], dg[i]));

  V d[M], output[M];
  EACH next[i] = next[i] * set(2 * kLog2E);
  exp2_minus_1(next);
  EACH output[i] = gate(i, 3);
  EACH d[i] = next[i] + set(2.f);
  EACH r[i] = set(1.f) / (output[i] * d[i]);
  EACH d[i] = r[i] * d[i];            // o
  EACH r[i] = r[i] * next[i];         // h'
  EACH h[i] = r[i];
  EACH next[i] = r[i] * output[i];    // tanh c'
  EACH put(i, kOutputGate, fnma(r[i], d[i], r[i]));
  EACH put(i, kCellFromHidden, fnma(r[i], next[i], d[i]));
}

/**
 * Natural logarithm of a positive normal number: m in [3/4, 3/2) and an exponent, log(1 + x) = x p(x) by the minimax
 * fit on [-1/4, 1/2], relative error 2.7e-8.
 */
INLINE V logarithm(V a) {
  const VInt low = bits(a) & 0x007fffff;
  const VInt large = low >= 0x00400000;  // -1 where the mantissa is at least 1.5: it is then halved
  const V m = from_bits(low + (set_int(127 << 23) + (large << 23)));
  const VInt exponent = (bits(a) >> 23) - (127 + large);
  V p[1], x[1] = {m - set(1.f)};
  polynomial(p, x, {5.41117601e-2f, -.120767221f, .149944976f, -.168243125f, .199759126f, -.249932185f, .333335936f, -.500000656f, 1.f});
  return fma(__builtin_convertvector(exponent, V), set(.693147181f), p[0] * x[0]);
}

#undef EACH

}  // namespace metadescent::METADESCENT_ISA
