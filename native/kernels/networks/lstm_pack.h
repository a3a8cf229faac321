#pragma once
// Packs weights φ into the order in which the kernels read them, and unpacks sums of gradients into φ's order.
#include "lstm_plan.h"

namespace metadescent::METADESCENT_ISA {

/**
 * The first map with the projection folded in, [inputs + 1][columns], its bias in the last row: with x = Pᵀ in + q, the
 * map Kᵀ x + b is (P K)ᵀ in + (b + Kᵀ q). φ begins with P and then q, so q is one more row of P.
 */
inline void fold(const Plan& p, const float* phi, const float* kernel, const float* bias, int columns, float* folded) {
  const int width = p.network->projection;
  for (int row = 0; row <= p.inputs; row++, folded += columns) {
    for (int column = 0; column < columns; column++) folded[column] = row < p.inputs ? 0 : bias[column];
    for (int k = 0; k < width; k++) {
      const float factor = phi[static_cast<long>(row) * width + k];
      const float* from = kernel + static_cast<long>(k) * columns;
      for (int column = 0; column < columns; column++) folded[column] += factor * from[column];
    }
  }
}

/** One layer's weights for the forward pass. `own` and `below` are rows of φ's kernel, each [4 units]. */
template <int NB>
inline void pack_forward(const Layer& l, const float* own, const float* below, const float* bias) {
  constexpr int U = kUnits<NB>;
  const float scale[4] = {-kLog2E, -kLog2E, 2 * kLog2E, -kLog2E};
  float* to = l.forward;
  float* to_bias = l.bias;
  for (int first = 0; first < l.padded; first += U) {
    const auto put = [&](const float* row, float* out) {
      UNROLL for (int u = 0; u < U; u++)
        UNROLL for (int g = 0; g < 4; g++)
          out[4 * u + g] = first + u < l.units ? scale[g] * row[g * l.units + first + u] : 0;
    };
    for (int k = 0; k < l.units; k++, to += 4 * U) put(own + static_cast<long>(k) * 4 * l.units, to);
    for (int k = 0; k < l.below; k++, to += 4 * U) put(below + static_cast<long>(k) * 4 * l.units, to);
    put(bias, to_bias);
    to_bias += 4 * U;
  }
}

/** Rows of φ's kernel, [rows][4 units], as {@link back_product} reads them: for each tile of rows, [gates][rows]. */
template <int NB>
inline void pack_transposed(const float* kernel, int rows, int units, float* to) {
  constexpr int R = kBackRows<NB>;
  for (int first = 0; first < rows; first += R) {
    const int count = rows - first < R ? rows - first : R;
    float* tile = to + static_cast<long>(first) * 4 * units;
    for (int k = 0; k < count; k++) {
      const float* row = kernel + static_cast<long>(first + k) * 4 * units;
      for (int g = 0; g < 4; g++)
        for (int u = 0; u < units; u++) tile[(4 * u + g) * count + k] = row[g * units + u];
    }
  }
}

/** Packs φ into memory of the arena. @param backward whether there will be a backward pass */
template <int NB>
inline void pack(Plan& p, const float* phi, bool backward, Arena& arena) {
  const bool counting = arena.base == nullptr;
  const bool folding = p.network->projection > 0;
  for (int l = 0; l < p.layers; l++) {
    Layer& layer = p.layer[l];
    const long columns = 4L * layer.units;
    layer.forward = arena.take<float>(layer.padded * 4L * (layer.below + layer.units));
    layer.bias = arena.take<float>(4L * layer.padded);
    const bool first = l == 0 && folding;
    if (first) p.folded = arena.take<float>((p.inputs + 1) * columns);
    if (backward) {
      layer.to_self = arena.take<float>(layer.units * columns);
      layer.to_below = l > 0 ? arena.take<float>(layer.below * columns) : nullptr;
    }
    if (counting) continue;
    const float *kernel = phi + layer.phi_kernel, *bias = phi + layer.phi_bias;
    const float* own = kernel + (first ? p.network->projection : layer.below) * columns;
    if (first) {
      fold(p, phi, kernel, bias, static_cast<int>(columns), p.folded);
      pack_forward<NB>(layer, own, p.folded, p.folded + p.inputs * columns);
    } else {
      pack_forward<NB>(layer, own, kernel, bias);
    }
    if (backward) {
      pack_transposed<NB>(own, layer.units, layer.units, layer.to_self);
      if (l > 0) pack_transposed<NB>(kernel, layer.below, layer.units, layer.to_below);
    }
  }
  p.output = arena.take<float>(p.top + 1);
  if (counting) return;
  const float* kernel = phi + p.phi_output;
  if (p.layers == 0 && folding) fold(p, phi, kernel, kernel + p.network->projection, 1, p.output);
  else
    for (int k = 0; k <= p.top; k++) p.output[k] = kernel[k];
  for (int k = 0; k <= p.top; k++) p.output[k] *= p.output_scale;
}

/**
 * The gradients of the projection and the first map, from the folded one's: with S = Σ in dzᵀ and s = Σ dz, dK = Pᵀ S + q sᵀ,
 * dP = S Kᵀ and dq = K s.
 * @param folded [inputs + 1][columns]: S, with s as its last row
 */
inline void unfold(const Plan& p, const float* phi, const float* kernel, int columns, const float* folded,
                   float* gradient, float* kernel_gradient) {
  const int width = p.network->projection;
  for (int k = 0; k < width; k++) {
    const float* from = kernel + static_cast<long>(k) * columns;
    float* to = kernel_gradient + static_cast<long>(k) * columns;
    for (int row = 0; row <= p.inputs; row++) {
      const float* s = folded + static_cast<long>(row) * columns;
      const float factor = phi[static_cast<long>(row) * width + k];
      for (int column = 0; column < columns; column++) to[column] = (row > 0 ? to[column] : 0) + factor * s[column];
      float sum = 0;
      for (int column = 0; column < columns; column++) sum += s[column] * from[column];
      gradient[static_cast<long>(row) * width + k] = sum;
    }
  }
}

/** The total sums as dL/dφ, in φ's order. */
inline void unpack(const Plan& p, const float* phi, const float* sums, float* gradient) {
  const int width = p.network->projection;
  for (int l = 0; l < p.layers; l++) {
    const Layer& layer = p.layer[l];
    const int units = layer.units;
    const long columns = 4L * units;
    const auto rows_to = [&](long from, int rows, float* to) {
      for (int k = 0; k < rows; k++, from += layer.gates, to += columns)
        for (int u = 0; u < units; u++)
          for (int g = 0; g < 4; g++) to[g * units + u] = sums[from + 4 * u + g];
    };
    const bool first = l == 0 && width > 0;
    float* to = gradient + layer.phi_kernel;
    rows_to(layer.sums_self, units, to + (first ? width : layer.below) * columns);
    rows_to(layer.sums_bias, 1, gradient + layer.phi_bias);
    if (first) {
      rows_to(layer.sums_below, layer.below, p.folded);
      rows_to(layer.sums_bias, 1, p.folded + layer.below * columns);
      unfold(p, phi, phi + layer.phi_kernel, static_cast<int>(columns), p.folded, gradient, to);
    } else {
      rows_to(layer.sums_below, layer.below, to);
    }
  }
  // The output's sums are those of h dL/dupdate per lane, without the output scale.
  const auto output = [&](int row) { return p.output_scale * sum_of(load(sums + p.sums_output + row * kLanes)); };
  float* to = gradient + p.phi_output;
  if (p.layers == 0 && width > 0) {
    float folded[3];
    for (int row = 0; row <= p.inputs; row++) folded[row] = output(row);
    unfold(p, phi, phi + p.phi_output, 1, folded, gradient, to);
    to[width] = folded[p.inputs];
  } else {
    for (int k = 0; k <= p.top; k++) to[k] = output(k);
  }
}

}  // namespace metadescent::METADESCENT_ISA
