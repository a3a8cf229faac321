#pragma once
// State that a handle keeps between calls.
#include <cstring>
#include <memory>

#include "../fields.h"
#include "../task.h"

namespace metadescent {

/** Floats of a fixed number, whose memory is not cleared. */
class Floats {
  std::unique_ptr<float[]> memory;
  size_t length;

 public:
  explicit Floats(size_t count = 0) : memory(new float[count]), length(count) {}
  float* data() const { return memory.get(); }
  size_t size() const { return length; }

  void set(const float* from) {
    if (length > 0) std::memcpy(memory.get(), from, length * sizeof(float));
  }
  void copy_to(float* to) const {
    if (length > 0) std::memcpy(to, memory.get(), length * sizeof(float));
  }
};

/** h and c of a network. A fresh state is all zeros, and its memory is not read. */
struct Hidden {
  Floats floats;
  bool fresh = true;

  explicit Hidden(size_t count) : floats(count) {}

  void set(const float* from) {
    floats.set(from);
    fresh = false;
  }
  void copy_to(float* to) const {
    if (!fresh) floats.copy_to(to);
    else if (floats.size() > 0) std::memset(to, 0, floats.size() * sizeof(float));
  }
};

/** Reads the fields `rates` [steps] and `decay`, if they are there. */
inline Rates rates_from(Fields& f, size_t steps) {
  Rates rates{f.optional<float>("rates", steps), 0};
  if (f.has("decay")) rates.decay = f.number("decay");
  return rates;
}

}  // namespace metadescent
