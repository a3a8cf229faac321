#pragma once
// A persistent pool of threads, with memory for each thread.
//
// Work comes as numbered pieces that any thread may take. What a piece computes must not depend on which thread computes
// it or when: the kernels divide work only by shapes and add partial sums in the pieces' order, so results are the same
// bits for any number of threads.
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
   * A thread's own memory, on a 64-byte boundary, not cleared; valid until the next call for that thread. Thread `size()`
   * stands for memory that the pieces share.
   */
  void* memory(int thread, size_t bytes);

 private:
  struct State;
  State* state;
};

}  // namespace metadescent
