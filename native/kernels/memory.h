#pragma once
// Memory of a layout, first counted, then taken.
#include "../engine/pool.h"
#include "lanes.h"

namespace metadescent::METADESCENT_ISA {

INLINE long min_of(long a, long b) { return a < b ? a : b; }
INLINE long max_of(long a, long b) { return a > b ? a : b; }

/** Takes memory off the front of a buffer; with a null buffer it only counts. Pieces are aligned to 64 bytes. */
struct Arena {
  char* base;
  size_t used;

  template <class T>
  INLINE T* take(size_t count) {
    char* at = base == nullptr ? nullptr : base + used;
    used += (count * sizeof(T) + 63) / 64 * 64;
    return reinterpret_cast<T*>(at);
  }
};

/** Provides a layout's memory: calls lay_out(arena) first to count, then to take. */
template <class F>
INLINE void with_memory(Pool& pool, int thread, F&& lay_out) {
  Arena arena{nullptr, 0};
  lay_out(arena);
  // At least one byte: a null buffer would only count again.
  arena = {static_cast<char*>(pool.memory(thread, arena.used + 1)), 0};
  lay_out(arena);
}

INLINE void copy(const V* from, V* to, long count) {
  for (long i = 0; i < count; i++) to[i] = from[i];
}

INLINE void clear(V* to, long count) {
  for (long i = 0; i < count; i++) to[i] = V{};
}

}  // namespace metadescent::METADESCENT_ISA
