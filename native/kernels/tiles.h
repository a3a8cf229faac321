#pragma once
// Shapes of the register tiles: the accumulators fill the registers, leave room for the operands, and hide the latency of
// a fused multiply-add (4 cycles on two ports: at least 8 chains).
#include "lanes.h"

namespace metadescent::METADESCENT_ISA {

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif

/** Vectors of coordinates in a block; if there are few coordinates, a block is one vector. */
constexpr int kWide = 2;

/** Units whose four gates form one tile of a block of NB vectors. */
template <int NB>
constexpr int kUnits = kRegisters / 8 / NB > 0 ? kRegisters / 8 / NB : 1;

/** Units whose cells are updated together: eight chains if there are (nearly) enough registers. */
template <int NB>
constexpr int kCellUnits = (kRegisters == 32 ? 8 : 4) / NB;

/** Rows per tile of the product from dL/dz to dL/dh. */
template <int NB>
constexpr int kBackRows = (kRegisters == 32 ? 20 : 10) / NB;

/** The tile of the weights' gradient: rows × vectors of gates. */
constexpr int kOuterRows = 5;
constexpr int kOuterVectors = kRegisters == 32 ? 5 : 2;
/** Steps of the weights' gradient computed together: some 64 coordinates, whose dL/dz still fit the nearest cache. */
template <int NB>
constexpr int kOuterSteps = 64 / (kLanes * NB);

constexpr int round_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

template <int N>
struct Size {
  static constexpr int value = N;
};

/** Calls f(Size<n>) for a run-time n from 1 to Max. */
template <int Max, class F>
INLINE void with_size(int n, const F& f) {
  if constexpr (Max == 1) {
    f(Size<1>{});
  } else {
    if (n == Max) f(Size<Max>{});
    else with_size<Max - 1>(n, f);
  }
}

/** Calls f(first, Size<n>) for tiles of Max that cover 0 … count - 1, and for the remainder. */
template <int Max, class F>
INLINE void for_tiles(int count, const F& f) {
  int first = 0;
  for (; first + Max <= count; first += Max) f(first, Size<Max>{});
  if (first < count) with_size<Max>(count - first, [&](auto size) { f(first, size); });
}

}  // namespace metadescent::METADESCENT_ISA
