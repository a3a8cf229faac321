#pragma once
// Pairs of particles in the lanes of vectors: a group's lanes are slots whose perceptrons have the same shape.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "../engine.h"
#include "../mlp_descriptors.h"
#include "../population.h"

namespace metadescent {

/** θ of a perceptron. */
inline std::vector<Tensor> tensors_of(const Perceptron& p) {
  std::vector<Tensor> tensors;
  long offset = 0;
  for (int l = 0; l < p.layers; l++) {
    const long inputs = p.widths[l], outputs = p.widths[l + 1];
    tensors.push_back({offset, 1, inputs, outputs, false});
    tensors.push_back({offset + inputs * outputs, 1, 1, outputs, true});
    offset += (inputs + 1) * outputs;
  }
  return tensors;
}

class LaneGroups {
  /** Lanes, and the slots in them, in the order of their functions. */
  struct Group {
    PopulationGroup lanes{};
    std::vector<size_t> slots;

    Group(const MlpKernels& kernels, const Mlp& mlp, const Perceptron& network, bool scaled) {
      lanes.network = network;
      lanes.scaled_coordinates = scaled;
      const size_t bytes = (static_cast<size_t>(kernels.bytes(mlp, lanes)) + 63) / 64 * 64;
      lanes.memory = std::aligned_alloc(64, bytes);
      if (lanes.memory == nullptr) throw std::bad_alloc();
      std::memset(lanes.memory, 0, bytes);
    }
    ~Group() { std::free(lanes.memory); }
    Group(const Group&) = delete;

    bool takes(const Perceptron& p, bool scaled) const {
      const Perceptron& own = lanes.network;
      return own.activation == p.activation && own.loss == p.loss && own.batch == p.batch && own.layers == p.layers &&
             std::equal(p.widths, p.widths + p.layers + 1, own.widths) && lanes.scaled_coordinates == scaled;
    }
  };

  /** What a slot holds, and where; no group: nothing. */
  struct Slot {
    Functions functions{};
    Group* group = nullptr;
    int function = 0;
  };

  const Mlp& mlp;
  std::vector<std::unique_ptr<Group>> groups;
  std::vector<Slot> slots;

 public:
  LaneGroups(const Mlp& optimizer, size_t count) : mlp(optimizer), slots(count) {}

  size_t size() const { return slots.size(); }
  bool holds(size_t slot) const { return slots[slot].group != nullptr; }
  const Functions& functions(size_t slot) const { return slots[slot].functions; }
  /** Floats of a particle's state. */
  size_t state(size_t slot) const { return state_size(mlp, tensors_of(slots[slot].functions.perceptron)); }
  PopulationGroup::Function& lane(size_t slot) { return slots[slot].group->lanes.function[slots[slot].function]; }

  /** Every group with its functions. @param stride of the losses */
  std::vector<PopulationGroup> all(long stride) const {
    std::vector<PopulationGroup> lanes;
    for (const auto& group : groups) {
      lanes.push_back(group->lanes);
      lanes.back().functions = static_cast<int>(group->slots.size());
      lanes.back().loss_stride = stride;
    }
    return lanes;
  }

  /** Puts a function into a slot: into the lanes that it has, if they fit, or the first free ones of that shape, or new ones. */
  void put(const MlpKernels& kernels, size_t slot, const Functions& functions) {
    const bool scaled = scales_coordinates(functions);
    if (holds(slot) && slots[slot].group->takes(functions.perceptron, scaled)) {
      slots[slot].functions = functions;
      return;
    }
    remove(kernels, slot);
    const size_t most = static_cast<size_t>(kernels.lanes / kCopies);
    const auto free = [&](const auto& group) { return group->takes(functions.perceptron, scaled) && group->slots.size() < most; };
    auto found = std::find_if(groups.begin(), groups.end(), free);
    if (found == groups.end())
      found = groups.insert(groups.end(), std::make_unique<Group>(kernels, mlp, functions.perceptron, scaled));
    slots[slot] = {functions, found->get(), static_cast<int>((*found)->slots.size())};
    (*found)->slots.push_back(slot);
  }

  /** Empties a slot; the last function of its group moves to its lanes. */
  void remove(const MlpKernels& kernels, size_t slot) {
    const Slot from = slots[slot];
    if (from.group == nullptr) return;
    const size_t last = from.group->slots.back();
    if (last != slot) {
      std::vector<float> theta(2 * slots[last].functions.dimension), hidden(2 * state(last));
      read(kernels, last, theta.data(), hidden.data());
      slots[last].function = from.function;
      lane(last) = from.group->lanes.function[from.group->slots.size() - 1];
      from.group->slots[from.function] = last;
      write(kernels, last, theta.data(), hidden.data());
    }
    from.group->slots.pop_back();
    if (from.group->slots.empty())
      groups.erase(std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.get() == from.group; }));
    slots[slot] = {};
  }

  /** Copies a pair's θ [2, d] and states [2, …] from its lanes. */
  void read(const MlpKernels& kernels, size_t slot, float* theta, float* hidden) const {
    visit(kernels.read, slot, theta, hidden, nullptr);
  }

  /** Copies them to its lanes, and c of f(c∘θ). */
  void write(const MlpKernels& kernels, size_t slot, float* theta, float* hidden) const {
    const Functions& f = slots[slot].functions;
    std::vector<float> scale(f.dimension, 1);
    if (f.scale != nullptr) std::copy(f.scale, f.scale + f.dimension, scale.begin());
    visit(kernels.write, slot, theta, hidden, scale.data());
  }

 private:
  void visit(void (*copy)(const Particle&), size_t slot, float* theta, float* hidden, float* scale) const {
    const Slot& s = slots[slot];
    for (int i = 0; i < 2; i++)
      copy({&mlp, &s.group->lanes, s.function, i, theta + i * s.functions.dimension, hidden + i * state(slot), scale});
  }

  /** Whether c of f(c∘θ) differs within a tensor. */
  static bool scales_coordinates(const Functions& f) {
    if (f.scale == nullptr) return false;
    for (const Tensor& t : tensors_of(f.perceptron))
      for (long i = 1; i < t.rows * t.columns; i++)
        if (f.scale[t.offset + i] != f.scale[t.offset]) return true;
    return false;
  }
};

}  // namespace metadescent
