#pragma once
// Which kernels exist, and which this machine can run.
#include "population.h"

namespace metadescent {

/** By name ("avx512", "avx2", "neon", "portable"); null if the build or the machine does not have it. */
const Kernels* kernels_of(const char* name);

/** The fastest kernels that this machine can run. */
const Kernels* best_kernels();

/** The kernels of MLP optimizers whose products are of numbers in bfloat16; null if the build or the machine lacks them. */
const MlpKernels* bf16_kernels_of(const Kernels* kernels);

}  // namespace metadescent
