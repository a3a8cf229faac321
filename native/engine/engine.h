#pragma once
// The state of an instance of the addon: the kernels of one instruction set, and the threads that run them.
#include <deque>
#include <mutex>

#include "fields.h"
#include "isa.h"
#include "pool.h"

namespace metadescent {

struct Engine {
  const Kernels* kernels;
  /** Of products in bfloat16; null where there are none. */
  const MlpKernels* bf16;
  Pool pool;
  /** Work uses the pool one piece at a time. */
  std::mutex turn;
  /** The names of calls' fields, by their numbers. */
  std::deque<Shape> shapes;

  /** @throws std::invalid_argument if there are none of that precision */
  const MlpKernels& mlp(Precision precision) const {
    if (precision == Precision::kFp32) return *kernels->mlp;
    if (bf16 == nullptr) throw std::invalid_argument("this machine or build has no products in bfloat16");
    return *bf16;
  }

  Engine(const Kernels* chosen, int threads) : kernels(chosen), bf16(bf16_kernels_of(chosen)), pool(threads) {}
};

}  // namespace metadescent
