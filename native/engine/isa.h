#pragma once
// Which kernels there are, and which of them this machine can run.
#include "task.h"

namespace metadescent {

/** By name ("avx512", "avx2", "neon", "portable"); null where the build or the machine lacks it. */
const Kernels* kernels_of(const char* name);

/** The fastest that this machine can run. */
const Kernels* best_kernels();

}  // namespace metadescent
