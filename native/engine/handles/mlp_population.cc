// Perceptrons that pairs of particles optimise, each with weights of an MLP optimizer of its own.
#include "../descriptors.h"
#include "handle.h"
#include "lane_groups.h"

namespace metadescent {
namespace {

class MlpPopulation : public Handle {
  const Mlp mlp;
  const Precision precision;
  const size_t weights;
  LaneGroups lanes;

 public:
  /** Reads {network, precision?, slots}; the slots are empty. */
  explicit MlpPopulation(Fields& f)
      : mlp(mlp_from(f.object("network"))),
        precision(precision_from(f)),
        weights(phi_size(mlp)),
        lanes(mlp, static_cast<size_t>(f.integer("slots", 1))) {}

  Work prepare(const std::string& operation, Fields& f) override {
    if (operation == "fill") return fill(f);
    if (operation == "empty") return empty(f);
    if (operation == "advance") return advance(f);
    if (operation == "average") return average();
    if (operation == "read") return read(f);
    throw unknown(operation);
  }

 private:
  /**
   * Puts a perceptron into `slot`: `functions`, one of them; its pair's `theta` [2, d] and states `hidden` [2, …]; and the
   * `step` at which they are. The functions' arrays must stay alive while it is there.
   */
  Work fill(Fields& f) {
    const size_t slot = slot_of(f);
    const Functions functions = functions_from(f.object("functions"));
    const Perceptron& network = functions.perceptron;
    if (functions.family != Functions::kPerceptron || functions.count != 1 || network.loss == Perceptron::kReconstruction)
      throw std::invalid_argument("functions: expected one perceptron that tells classes apart");
    const long step = f.integer("step");
    float* theta = f.array<float>("theta", 2 * static_cast<size_t>(functions.dimension));
    float* hidden = f.array<float>("hidden", 2 * state_size(mlp, tensors_of(network)));
    return [this, slot, functions, step, theta, hidden](Engine& engine) {
      lanes.put(engine.mlp(precision), slot, functions);
      lanes.lane(slot).step = step;
      lanes.write(engine.mlp(precision), slot, theta, hidden);
    };
  }

  /** Takes what it holds out of `slot`. */
  Work empty(Fields& f) {
    const size_t slot = slot_of(f);
    return [this, slot](Engine& engine) { lanes.remove(engine.mlp(precision), slot); };
  }

  /**
   * Takes `steps` steps with `phi` [slots, 2, weights], and writes f(θ_t) [steps + 1, slots, 2] into `losses`, of the slots
   * that are filled. `rates` [slots, steps] and `decays` [slots]; `rows` [steps + 1, batch] of each filled slot in turn.
   */
  Work advance(Fields& f) {
    const long steps = f.integer("steps");
    const size_t slots = lanes.size();
    const float* phi = f.array<float>("phi", slots * 2 * weights);
    const float* rates = f.array<float>("rates", slots * steps);
    const float* decays = f.array<float>("decays", slots);
    float* losses = f.array<float>("losses", (steps + 1) * slots * 2);
    size_t size = 0;
    for (size_t slot = 0; slot < slots; slot++)
      if (lanes.holds(slot)) size += (steps + 1) * lanes.functions(slot).perceptron.batch;
    const int* rows = f.array<int>("rows", size);
    for (size_t slot = 0; slot < slots; slot++) {
      if (!lanes.holds(slot)) continue;
      const Perceptron& network = lanes.functions(slot).perceptron;
      const size_t own = (steps + 1) * network.batch;
      check_rows(lanes.functions(slot), rows, own);
      const float* first = phi + slot * 2 * weights;
      const long step = lanes.lane(slot).step;
      lanes.lane(slot) = {network.inputs, network.labels, network.classes, rows, rates + slot * steps, decays[slot], step,
                          {first, first + weights}, losses + 2 * slot};
      rows += own;
    }
    return [this, steps, slots](Engine& engine) {
      std::vector<PopulationGroup> all = lanes.all(static_cast<long>(2 * slots));
      engine.mlp(precision).advance({mlp, all.data(), static_cast<int>(all.size()), steps}, engine.pool);
      for (size_t slot = 0; slot < slots; slot++)
        if (lanes.holds(slot)) lanes.lane(slot).step += steps;
    };
  }

  /** Sets both particles of every filled slot to the mean of their θ and of their states. */
  Work average() {
    return [this](Engine& engine) {
      for (size_t slot = 0; slot < lanes.size(); slot++) {
        if (!lanes.holds(slot)) continue;
        std::vector<float> theta(2 * lanes.functions(slot).dimension), hidden(2 * lanes.state(slot));
        lanes.read(engine.mlp(precision), slot, theta.data(), hidden.data());
        for (std::vector<float>* both : {&theta, &hidden}) {
          const size_t half = both->size() / 2;
          for (size_t i = 0; i < half; i++) (*both)[i] = (*both)[half + i] = ((*both)[i] + (*both)[half + i]) / 2;
        }
        lanes.write(engine.mlp(precision), slot, theta.data(), hidden.data());
      }
    };
  }

  /** Copies the pair of `slot` into `theta` [2, d] and `hidden` [2, …]. */
  Work read(Fields& f) {
    const size_t slot = slot_of(f);
    if (!lanes.holds(slot)) throw std::out_of_range("slot: it is empty");
    float* theta = f.array<float>("theta", 2 * static_cast<size_t>(lanes.functions(slot).dimension));
    float* hidden = f.array<float>("hidden", 2 * lanes.state(slot));
    return [this, slot, theta, hidden](Engine& engine) { lanes.read(engine.mlp(precision), slot, theta, hidden); };
  }

  size_t slot_of(Fields& f) const {
    const size_t slot = static_cast<size_t>(f.integer("slot"));
    if (slot >= lanes.size()) throw std::out_of_range("slot: there are " + std::to_string(lanes.size()));
    return slot;
  }
};

}  // namespace

std::unique_ptr<Handle> open_mlp_population(Fields& f) { return std::make_unique<MlpPopulation>(f); }

}  // namespace metadescent
