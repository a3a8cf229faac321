#pragma once
// A persistent pool of threads, and memory of each thread's own.
//
// Work comes as numbered pieces that any thread may take. What a piece computes must not depend on who computes it or
// when: the kernels cut work by shapes alone and add partial sums in the pieces' order, so results are the same bits for
// any number of threads.
#include <stddef.h>

namespace metadescent {

class Pool {
 public:
  using Work = void (*)(void* argument, int thread, int piece);

  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int size() const;

  /** Runs work(argument, thread, piece) for every piece < pieces < 2^16; the caller is thread 0. One run at a time. */
  void run(int pieces, Work work, void* argument);

  /**
   * Memory of a thread's own, on a 64-byte boundary, not cleared; the next call for that thread takes it back. Thread
   * `size()` names memory that the pieces share.
   */
  void* memory(int thread, size_t bytes);

 private:
  struct State;
  State* state;
};

}  // namespace metadescent
