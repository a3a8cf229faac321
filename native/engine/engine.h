#pragma once
// The state of an instance of the addon: the kernels of one instruction set, and the threads that run them.
#include <deque>
#include <mutex>

#include "fields.h"
#include "pool.h"
#include "task.h"

namespace metadescent {

struct Engine {
  const Kernels* kernels;
  Pool pool;
  /** Work uses the pool one piece at a time. */
  std::mutex turn;
  /** The names of calls' fields, by their numbers. */
  std::deque<Shape> shapes;

  Engine(const Kernels* chosen, int threads) : kernels(chosen), pool(threads) {}
};

}  // namespace metadescent
