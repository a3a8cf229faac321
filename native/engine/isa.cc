#include "isa.h"

#include <cstring>

namespace metadescent {

// Weak, since a build may omit some.
#if defined(__x86_64__)
namespace avx512 {
extern const Kernels kernels __attribute__((weak));
}
namespace avx512bf16 {
extern const MlpKernels mlp_kernels __attribute__((weak));
}
namespace avx2 {
extern const Kernels kernels __attribute__((weak));
}
#elif defined(__aarch64__)
namespace neon {
extern const Kernels kernels __attribute__((weak));
}
#endif
namespace portable {
extern const Kernels kernels __attribute__((weak));
}

namespace {

struct Choice {
  const Kernels* kernels;
  bool available;
};

/** Fastest first. The compiler's run-time checks the processor, and that the system saves the registers. */
template <class Visit>
const Kernels* find(const Visit& visit) {
  const Choice choices[] = {
#if defined(__x86_64__)
      {&avx512::kernels, __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")},
      {&avx2::kernels, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")},
#elif defined(__aarch64__)
      {&neon::kernels, true},
#endif
      {&portable::kernels, true},
  };
  for (const Choice& choice : choices) {
    if (choice.kernels != nullptr && choice.available && visit(choice.kernels)) return choice.kernels;
  }
  return nullptr;
}

}  // namespace

const Kernels* kernels_of(const char* name) {
  return find([&](const Kernels* kernels) { return std::strcmp(kernels->name, name) == 0; });
}

const MlpKernels* bf16_kernels_of(const Kernels* kernels) {
#if defined(__x86_64__)
  const MlpKernels* found = &avx512bf16::mlp_kernels;
  if (found != nullptr && kernels == &avx512::kernels && __builtin_cpu_supports("avx512bf16")) return found;
#else
  (void)kernels;
#endif
  return nullptr;
}

const Kernels* best_kernels() {
  return find([](const Kernels*) { return true; });
}

}  // namespace metadescent
