#pragma once
// What schedules (schedule.h, unroll.h, steps.h) need of a coordinatewise network, whose blocks have kWidth coordinates.
// They are templates over a class Net with these members; lstm.h has the first.
//
//     static constexpr long kWidth;
//     using Scratch = …;                                  a thread's working memory, for one block at a time
//     explicit Net(const Network& network);
//     long state() const;                                 vectors of a block's state
//     long record() const;                                vectors that the backward pass needs of a block's step
//     long rows() const;                                  numbers of a coordinate's state
//     long sums() const;                                  floats of a set of partial sums of dL/dφ
//     void each_row(f) const;                             f(place in a block's state) for each of the rows, in vectors
//     void pack(phi, backward, arena);                    before anything below
//     Scratch scratch(arena, backward) const;
//     void forward<Keep>(scratch, gradient, state, fresh, record, theta, rate) const;
//     void begin_backward(scratch) const;
//     void backward(scratch, records, first, last, initial, fresh, gradients, weights, rate_at, sums) const;
//     void unpack(phi, sums, gradient) const;             the total of the sums as dL/dφ
//
// `backward`: whether there will be a backward pass. Memory comes from an arena, which may only count.
#include "../lanes.h"

namespace metadescent::METADESCENT_ISA {

/** One row per step t, `stride` floats apart, each beginning with the block's own. */
struct Rows {
  const float* at;
  long stride;

  INLINE const float* row(long t) const { return at + t * stride; }
};

/** A step's θ_{t+1} = `shrink` θ_t + `step` g_t. */
struct Rate {
  float step, shrink;
};

}  // namespace metadescent::METADESCENT_ISA
