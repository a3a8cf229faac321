#pragma once
// An MLP optimizer's state for one matrix, and what a step computes of it on the way.
#include "mlp_plan.h"

namespace metadescent::METADESCENT_ISA {

/**
 * Where a matrix and its state lie. In these kernels' own order its rows may be the matrix's columns (`transposed`).
 * Element (r, c) is number r · columns + c; Particles have a vector each, Coordinates a float.
 */
struct MlpMatrix {
  long rows, columns;
  /** A vector has one row, and second moments in place of factored ones. */
  bool vector, transposed;
  float* theta;
  /** Clipped; replaced by the direction. */
  float* gradient;
  float* momentum[kMaxDecays];
  float* second;
  /** Means of g² over the columns, [rows], not used for vectors; and over the rows, [columns]. */
  float *row[kMaxDecays], *column[kMaxDecays];

  long size() const { return rows * columns; }
};

/** Memory for numbers, in whole vectors, and a line more, so that arrays are not all at multiples of 4 kB. */
template <class Lanes>
float* take_numbers(long count, Arena& arena) {
  return arena.take<float>((Lanes::vectors(count) + 1) * kLanes);
}

/** Takes the memory of θ, the gradient and the state. */
inline void take_state(MlpMatrix& m, const MlpPlan& plan, Arena& arena) {
  const auto take = [&](long count) { return take_numbers<Particles>(count, arena); };
  m.theta = take(m.size());
  m.gradient = take(m.size());
  for (int k = 0; k < plan.spec->momenta; k++) m.momentum[k] = take(m.size());
  m.second = take(m.size());
  for (int k = 0; k < plan.spec->factored; k++) {
    m.row[k] = m.vector ? nullptr : take(m.rows);
    m.column[k] = take(m.columns);
  }
}

/** What a step computes of a matrix on the way. */
struct MlpStatistics {
  /** Σ g² of each row and column. */
  float *row_sum, *column_sum;
  /** Factors of g/√(r c/mean r), and the columns' squares. */
  float *row_factor[kMaxDecays], *column_factor[kMaxDecays], *column_square[kMaxDecays];
  /** Mean squares of the inputs r, c, 1/√(r + ε), 1/√(c + ε). */
  float *row_mean, *column_mean, *inverse_row_mean, *inverse_column_mean;
  /** The first layer's kernel with the inputs' normalisation, [slots][units], as operands; and of rows and columns, [4][factored][units]. */
  float *kernel, *rank_one;
  /** What the bias, time and a row add to the first layer, [rows][units]. */
  float* row_base;
  /** What the direction is multiplied by. */
  float* scale;
};

template <class Lanes>
void take_statistics(MlpStatistics& s, long rows, long columns, const MlpPlan& plan, Arena& arena) {
  const auto take = [&](long count) { return take_numbers<Lanes>(count, arena); };
  const int factored = plan.slots.factored, units = plan.widths[1];
  s.row_sum = take(rows);
  s.column_sum = take(columns);
  for (int k = 0; k < factored; k++) {
    s.row_factor[k] = take(rows);
    s.column_factor[k] = take(columns);
    s.column_square[k] = take(columns);
  }
  float** const means[4] = {&s.row_mean, &s.column_mean, &s.inverse_row_mean, &s.inverse_column_mean};
  for (float** mean : means) *mean = take(factored);
  s.kernel = take(static_cast<long>(plan.slots.count()) * units);
  s.rank_one = take(4l * factored * units);
  s.row_base = take(rows * units);
  s.scale = take(1);
}

/** A part of a matrix: some rows, and some vectors of each. */
struct Rectangle {
  long row, row_end, vector, vector_end;
};

template <class Lanes>
Rectangle whole_of(const MlpMatrix& m) {
  return {0, m.rows, 0, Lanes::vectors(m.columns)};
}

/** The offset in floats of a vector of a row. */
template <class Lanes>
INLINE long at(const MlpMatrix& m, long row, long vector) {
  return row * m.columns * Lanes::kWidth + vector * kLanes;
}

}  // namespace metadescent::METADESCENT_ISA
