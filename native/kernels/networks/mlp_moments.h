#pragma once
// A step's moments, and the mean squares by which the network's inputs are normalised.
#include "mlp_state.h"

namespace metadescent::METADESCENT_ISA {

/** Constants of the factored moments (Shazeer and Stern 2018, and the authors' code of arXiv 2203.11860). */
constexpr float kAddedSquare = 1e-30f, kAddedMean = 1e-9f, kLeastFactor = 1e-9f;

/** Sums of squares of the slots, and what the factored moments of a vector add up to. */
struct MlpSums {
  V slot[kMaxSlots];
  /** Σ x² and Σ 1/(x + ε) of a vector's moments. */
  V moment[kMaxDecays], inverse[kMaxDecays];
};

/** Clips the gradient and sums its squares: its rows' into the statistics, its columns' into `column_sum`, cleared before. */
template <class Lanes>
void square_sums(const MlpPlan& plan, const MlpMatrix& m, const MlpStatistics& s, const Rectangle& part, float* column_sum) {
  const float bound = plan.spec->maximum_gradient;
  for (long r = part.row; r < part.row_end; r++) {
    V sum{};
    for_vectors<Lanes>(part.vector, part.vector_end, m.columns, [&](long c, auto kind) {
      float* const p = m.gradient + at<Lanes>(m, r, c);
      const long left = m.columns - c * kLanes;
      const V g = clip(load_part(p, left, kind), bound);
      store_part(p, g, left, kind);
      sum = fma(g, g, sum);
      store(column_sum + c * kLanes, fma(g, g, load(column_sum + c * kLanes)));
    });
    Lanes::put(s.row_sum, r, Lanes::across(sum));
  }
}

/** x ← β x + (1 - β) (Σ g²/n + 1e-30), of rows or of columns. @returns the new x */
template <class P>
INLINE V next_moment(V decay, V rest, float* x, const float* sum, V share, long left, P kind) {
  const V next = fma(decay, load_part(x, left, kind), rest * fma(load(sum), share, set(kAddedSquare)));
  store_part(x, next, left, kind);
  return next;
}

/** The factored moments of a matrix's rows or columns, and Σ x, Σ x² and Σ 1/(x + ε). */
template <class Lanes>
INLINE void next_moments(const MlpPlan& plan, V decay, V rest, float* x, const float* sum, long count, V share, V (&sums)[3]) {
  const V epsilon = set(plan.spec->epsilon_factored);
  for (V& total : sums) total = V{};
  for_vectors<Lanes>(0, Lanes::vectors(count), count, [&](long i, auto kind) {
    V next = next_moment(decay, rest, x + i * kLanes, sum + i * kLanes, share, count - i * kLanes, kind);
    V inverse = set(1.f) / (next + epsilon);
    if constexpr (!decltype(kind)::whole) {
      next = first_lanes(next, count - i * kLanes);
      inverse = first_lanes(inverse, count - i * kLanes);
    }
    sums[0] = sums[0] + next;
    sums[1] = fma(next, next, sums[1]);
    sums[2] = sums[2] + inverse;
  });
  for (V& total : sums) total = Lanes::across(total);
}

/** The factored moments of a matrix, from the gradient's sums. */
template <class Lanes>
void factored_moments(const MlpPlan& plan, const MlpWeights& w, const MlpMatrix& m, const MlpStatistics& s) {
  const V of_rows = set(1.f / static_cast<float>(m.rows)), of_columns = set(1.f / static_cast<float>(m.columns));
  for (int k = 0; k < plan.slots.factored; k++) {
    const int d = plan.spec->momenta + 1 + k;
    const V decay = Lanes::get(w.decay, d), rest = Lanes::get(w.rest, d);
    V rows[3], columns[3];
    next_moments<Lanes>(plan, decay, rest, m.row[k], s.row_sum, m.rows, of_columns, rows);
    next_moments<Lanes>(plan, decay, rest, m.column[k], s.column_sum, m.columns, of_rows, columns);
    Lanes::put(s.row_mean, k, rows[1] * of_rows);
    Lanes::put(s.inverse_row_mean, k, rows[2] * of_rows);
    Lanes::put(s.column_mean, k, columns[1] * of_columns);
    Lanes::put(s.inverse_column_mean, k, columns[2] * of_columns);
    if (!plan.slots.needs_factor()) continue;
    // The matrix's own rows are divided by their mean.
    const V row_mean = m.transposed ? columns[0] * of_columns : rows[0] * of_rows;
    const V divided = set(1.f) / (row_mean + set(kAddedMean)), plain = set(1.f);
    const auto factors = [&](const float* x, float* factor, float* square, long count, V by) {
      for_vectors<Lanes>(0, Lanes::vectors(count), count, [&](long i, auto kind) {
        const V f = inverse_root(at_least(load_part(x + i * kLanes, count - i * kLanes, kind) * by, kLeastFactor));
        store(factor + i * kLanes, f);
        if (square) store(square + i * kLanes, f * f);
      });
    };
    factors(m.row[k], s.row_factor[k], nullptr, m.rows, m.transposed ? plain : divided);
    factors(m.column[k], s.column_factor[k], s.column_square[k], m.columns, m.transposed ? divided : plain);
  }
}

/** The same of a part of a vector, whose gradient is clipped first: the means of g² of each coordinate. */
template <class Lanes>
void vector_moments(const MlpPlan& plan, const MlpWeights& w, const MlpMatrix& m, const MlpStatistics& s, const Rectangle& part,
                    MlpSums& sums) {
  const float bound = plan.spec->maximum_gradient;
  for (int k = 0; k < plan.slots.factored; k++) sums.moment[k] = sums.inverse[k] = V{};
  for_vectors<Lanes>(part.vector, part.vector_end, m.columns, [&](long c, auto kind) {
    const long offset = c * kLanes, left = m.columns - offset;
    const V g = clip(load_part(m.gradient + offset, left, kind), bound);
    store_part(m.gradient + offset, g, left, kind);
    store(s.column_sum + offset, g * g);
    for (int k = 0; k < plan.slots.factored; k++) {
      const int d = plan.spec->momenta + 1 + k;
      V next = next_moment(Lanes::get(w.decay, d), Lanes::get(w.rest, d), m.column[k] + offset, s.column_sum + offset, set(1.f),
                           left, kind);
      const V factor = inverse_root(next + set(kAddedMean));
      store(s.column_factor[k] + offset, factor);
      store(s.column_square[k] + offset, factor * factor);
      V inverse = set(1.f) / (next + set(plan.spec->epsilon_factored));
      if constexpr (!decltype(kind)::whole) {
        next = first_lanes(next, left);
        inverse = first_lanes(inverse, left);
      }
      sums.moment[k] = fma(next, next, sums.moment[k]);
      sums.inverse[k] = sums.inverse[k] + inverse;
    }
  });
}

/** The means of g and g², and the sums of squares of the slots. */
template <class Lanes, class Shape>
void moments(const Shape& shape, const MlpPlan& plan, const MlpWeights& w, const MlpMatrix& m, const MlpStatistics& s,
             const Rectangle& part, MlpSums& out) {
  const Slots& in = shape.slots;
  const int second = plan.spec->momenta;
  const V epsilon = set(plan.spec->epsilon_moment);
  V base[6]{}, momentum[kMaxDecays]{}, over_root[kMaxDecays]{}, of_gradient[kMaxDecays]{}, of_momentum[kMaxDecays]{};
  for (long r = part.row; r < part.row_end; r++) {
    V row_gradient[kMaxDecays], row_momentum[kMaxDecays];
    UNROLL_FEW for (int k = 0; k < in.factored; k++) row_gradient[k] = row_momentum[k] = V{};
    for_vectors<Lanes>(part.vector, part.vector_end, m.columns, [&](long c, auto kind) {
      const long i = at<Lanes>(m, r, c), left = m.columns - c * kLanes;
      const V g = load_part(m.gradient + i, left, kind), square = g * g;
      if (in.gradient) base[0] = base[0] + square;
      if (in.clipped) {
        const V clipped = clip(g, .1f);
        base[1] = fma(clipped, clipped, base[1]);
      }
      if (in.parameter) {
        const V theta = load_part(m.theta + i, left, kind);
        base[2] = fma(theta, theta, base[2]);
      }
      const V v = fma(Lanes::get(w.decay, second), load_part(m.second + i, left, kind), Lanes::get(w.rest, second) * square);
      store_part(m.second + i, v, left, kind);
      if (in.second) base[3] = fma(v, v, base[3]);
      V inverse;
      if (in.needs_root()) {
        inverse = set(1.f) / (v + epsilon);
        if (in.inverse) {
          if constexpr (decltype(kind)::whole) base[4] = base[4] + inverse;
          else base[4] = base[4] + first_lanes(inverse, left);
        }
        if (in.over_root) base[5] = fma(square, inverse, base[5]);
      }
      V square_of[kMaxDecays];
      UNROLL_FEW for (int k = 0; k < in.momenta; k++) {
        const V mean = fma(Lanes::get(w.decay, k), load_part(m.momentum[k] + i, left, kind), Lanes::get(w.rest, k) * g);
        store_part(m.momentum[k] + i, mean, left, kind);
        square_of[k] = mean * mean;
        if (in.momentum) momentum[k] = momentum[k] + square_of[k];
        if (in.momentum_over_root) over_root[k] = fma(square_of[k], inverse, over_root[k]);
      }
      UNROLL_FEW for (int k = 0; k < in.factored; k++) {
        if (!in.needs_factor()) continue;
        const V factor = load(s.column_square[k] + c * kLanes);
        if (in.factored_gradient) row_gradient[k] = fma(square, factor, row_gradient[k]);
        if (in.factored_momentum) row_momentum[k] = fma(square_of[k], factor, row_momentum[k]);
      }
    });
    UNROLL_FEW for (int k = 0; k < in.factored; k++) {
      if (!in.needs_factor()) continue;
      V factor = set(1.f);
      if (!m.vector) {
        factor = Lanes::get(s.row_factor[k], r);
        factor = factor * factor;
      }
      if (in.factored_gradient) of_gradient[k] = fma(row_gradient[k], factor, of_gradient[k]);
      if (in.factored_momentum) of_momentum[k] = fma(row_momentum[k], factor, of_momentum[k]);
    }
  }
  int slot = 0;
  const bool there[6] = {in.gradient, in.clipped, in.parameter, in.second, in.inverse, in.over_root};
  for (int i = 0; i < 6; i++)
    if (there[i]) out.slot[slot++] = base[i];
  for (int k = 0; in.momentum && k < in.momenta; k++) out.slot[slot++] = momentum[k];
  for (int k = 0; in.momentum_over_root && k < in.momenta; k++) out.slot[slot++] = over_root[k];
  for (int k = 0; in.factored_gradient && k < in.factored; k++) out.slot[slot++] = of_gradient[k];
  for (int k = 0; in.factored_momentum && k < in.factored; k++) out.slot[slot++] = of_momentum[k];
}

/**
 * The first layer's kernel with the inputs' normalisation, as operands.
 * @param sums added up over the parts of the matrix
 */
template <class Lanes>
void normalise(const MlpPlan& plan, const MlpWeights& w, const MlpMatrix& m, const MlpStatistics& s, const MlpSums& sums) {
  const Mlp& mlp = *plan.spec;
  const int units = plan.widths[1], factored = plan.slots.factored;
  const InputRows& rows = m.vector ? plan.of_vector : plan.of_matrix;
  const V share = set(1.f / static_cast<float>(m.size())), epsilon = set(mlp.epsilon_normalisation);
  const auto factor = [&](V mean) { return mlp.normalise_features ? inverse_root(mean + epsilon) : set(1.f); };
  const auto put = [&](float* to, int row, V by) {
    for (int j = 0; j < units; j++)
      Lanes::put(to, j, row < 0 ? V{} : Lanes::get(w.phi, static_cast<long>(row) * units + j) * by);
  };
  for (int slot = 0; slot < plan.slots.count(); slot++)
    put(s.kernel + static_cast<long>(slot) * units * Lanes::kWidth, rows.slot[slot], factor(Lanes::across(sums.slot[slot]) * share));
  weight_operands<Lanes>(s.kernel, plan.slots.count(), units, s.kernel);
  if (m.vector) {
    for (int k = 0; k < factored; k++) {
      const V mean = Lanes::across(sums.moment[k]) * share, inverse = Lanes::across(sums.inverse[k]) * share;
      Lanes::put(s.row_mean, k, mean), Lanes::put(s.column_mean, k, mean);
      Lanes::put(s.inverse_row_mean, k, inverse), Lanes::put(s.inverse_column_mean, k, inverse);
    }
  }
  const int row = m.transposed ? rows.column : rows.row, column = m.transposed ? rows.row : rows.column;
  const int inverse_row = m.transposed ? rows.inverse_column : rows.inverse_row;
  const int inverse_column = m.transposed ? rows.inverse_row : rows.inverse_column;
  const auto group = [&](int index, int first, const float* means) {
    for (int k = 0; k < factored; k++)
      put(s.rank_one + static_cast<long>(index * factored + k) * units * Lanes::kWidth, first < 0 ? -1 : first + k,
          factor(Lanes::get(means, k)));
  };
  group(0, row, s.row_mean);
  group(1, column, s.column_mean);
  group(2, inverse_row, s.inverse_row_mean);
  group(3, inverse_column, s.inverse_column_mean);
}

}  // namespace metadescent::METADESCENT_ISA
