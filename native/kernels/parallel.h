#pragma once
// Pieces of work on the pool's threads.
#include "../engine/pool.h"
#include "lanes.h"

namespace metadescent::METADESCENT_ISA {

/** Calls work(thread, piece) for every piece. */
template <class F>
INLINE void parallel(Pool& pool, long pieces, F&& work) {
  pool.run(static_cast<int>(pieces), [](void* f, int thread, int piece) { (*static_cast<F*>(f))(thread, piece); }, &work);
}

/** Calls work(piece) for every piece, on the pool's threads or, without a pool, on this one. */
template <class F>
INLINE void each_piece(Pool* pool, long pieces, F&& work) {
  if (pool == nullptr || pieces == 1) {
    for (long piece = 0; piece < pieces; piece++) work(piece);
    return;
  }
  parallel(*pool, pieces, [&](int, int piece) { work(piece); });
}

}  // namespace metadescent::METADESCENT_ISA
