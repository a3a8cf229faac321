#pragma once
// Which kernels exist, and which this machine can run.
#include "task.h"

namespace metadescent {

/** By name ("avx512", "avx2", "neon", "portable"); null if the build or the machine does not have it. */
const Kernels* kernels_of(const char* name);

/** The fastest kernels that this machine can run. */
const Kernels* best_kernels();

}  // namespace metadescent
