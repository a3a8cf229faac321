// A coordinatewise LSTM on any coordinates, one step at a time, with gradients that the caller computes; and
// back-propagation through the steps that were kept.
#include <vector>

#include "../descriptors.h"
#include "handle.h"
#include "state.h"

namespace metadescent {
namespace {

class LstmSteps : public Handle {
  /** What the backward pass needs of some steps. */
  struct Kept {
    /** Announced, and taken so far. */
    long steps = 0, taken = 0;
    /** ∇f(θ_t) [steps + 1, N], and what the network saw of them [steps, N]; empty if that was the same. */
    std::vector<float> gradients, observed;
    /** The state before every `segment` steps. */
    std::vector<float> states;
    /** α_t [steps], and λ. */
    std::vector<float> rates;
    double decay = 0;
    /** Whether the first state is all zeros. */
    bool fresh = false;
  };

  const Network network;
  const size_t weights, coordinates;
  const long segment;
  Hidden hidden;
  Kept kept;
  bool keeping = false;

 public:
  /** Reads {network, coordinates, segment, hidden?}: a state to resume from. */
  explicit LstmSteps(Fields& f)
      : network(network_from(f.object("network"))),
        weights(phi_size(network)),
        coordinates(static_cast<size_t>(f.integer("coordinates", 1))),
        segment(f.integer("segment", 1)),
        hidden(state_rows(network) * coordinates) {
    if (f.has("hidden")) hidden.set(f.array<float>("hidden", hidden.floats.size()));
  }

  Work prepare(const std::string& operation, Fields& f) override {
    if (operation == "step") return step(f);
    if (operation == "keep") return keep(f);
    if (operation == "back") return back(f);
    if (operation == "backFrom") return back_from(f);
    if (operation == "read") return read(f);
    throw unknown(operation);
  }

 private:
  /** Keeps what the backward pass needs of the next `steps` steps. */
  Work keep(Fields& f) {
    const long steps = f.integer("steps");
    return [this, steps](Engine&) {
      kept.steps = steps;
      kept.taken = 0;
      kept.gradients.resize((steps + 1) * coordinates);
      kept.observed.clear();
      kept.states.resize((steps + segment - 1) / segment * hidden.floats.size());
      kept.rates.assign(steps, 1);
      kept.decay = 0;
      kept.fresh = hidden.fresh;
      keeping = true;
    };
  }

  /**
   * Adds the update for `observed` [N] to `theta` [N]. `gradient` [N]: ∇f(θ) for the backward pass, if it is not what the
   * network sees.
   */
  Work step(Fields& f) {
    Step task{};
    task.network = network;
    task.phi = f.array<float>("phi", weights);
    task.coordinates = static_cast<long>(coordinates);
    task.gradient = f.array<float>("observed", coordinates);
    task.theta = f.array<float>("theta", coordinates);
    task.hidden = hidden.floats.data();
    task.fresh = hidden.fresh;
    task.rates = rates_from(f, 1);
    const float* gradient = f.optional<float>("gradient", coordinates);
    if (keeping && kept.taken == kept.steps)
      throw std::out_of_range("more steps than the " + std::to_string(kept.steps) + " that keep() announced");
    return [this, task, gradient](Engine& engine) {
      if (keeping) keep_step(task, gradient);
      engine.kernels->step(task, engine.pool);
      hidden.fresh = false;
    };
  }

  void keep_step(const Step& task, const float* gradient) {
    const size_t at = kept.taken * coordinates;
    if (kept.taken % segment == 0) hidden.copy_to(kept.states.data() + kept.taken / segment * hidden.floats.size());
    // Up to now the network saw the gradients.
    if (gradient != nullptr && kept.observed.empty())
      kept.observed.assign(kept.gradients.begin(), kept.gradients.begin() + kept.steps * coordinates);
    if (!kept.observed.empty()) std::memcpy(kept.observed.data() + at, task.gradient, coordinates * sizeof(float));
    std::memcpy(kept.gradients.data() + at, gradient == nullptr ? task.gradient : gradient, coordinates * sizeof(float));
    if (task.rates.each != nullptr) kept.rates[kept.taken] = *task.rates.each;
    kept.decay = task.rates.decay;
    kept.taken++;
  }

  /** dL/dφ into `gradient`, from ∇f(θ_T) `last` [N] and the weights `weights` of f(θ_t) [T + 1] in L, per function. */
  Work back(Fields& f) {
    Back task = begin_back(f);
    const float* last = f.array<float>("last", coordinates);
    task.weights = f.array<double>("weights", kept.steps + 1);
    task.observed = kept.observed.empty() ? nullptr : kept.observed.data();
    return [this, task, last](Engine& engine) {
      std::memcpy(kept.gradients.data() + kept.steps * coordinates, last, coordinates * sizeof(float));
      keeping = false;
      engine.kernels->back(task, engine.pool);
    };
  }

  /**
   * The same from `derivatives` [T, N] with respect to the updates. They replace the δ_{t+1}, the sum of ∇f(θ_{t+1}) and
   * all later gradients, so each gradient is the difference of two.
   */
  Work back_from(Fields& f) {
    const Back begun = begin_back(f);
    const float* derivatives = f.array<float>("derivatives", kept.steps * coordinates);
    return [this, begun, derivatives](Engine& engine) {
      const size_t size = kept.steps * coordinates;
      if (kept.observed.empty()) kept.observed.assign(kept.gradients.begin(), kept.gradients.begin() + size);
      for (size_t i = 0; i < size; i++)
        kept.gradients[coordinates + i] = i + coordinates < size ? derivatives[i] - derivatives[i + coordinates] : derivatives[i];
      const std::vector<double> ones(kept.steps + 1, 1);
      Back task = begun;
      task.weights = ones.data();
      task.observed = kept.observed.data();
      keeping = false;
      engine.kernels->back(task, engine.pool);
    };
  }

  Back begin_back(Fields& f) {
    if (!keeping || kept.taken != kept.steps)
      throw std::out_of_range("back() must follow the steps that keep() announced");
    Back task{};
    task.network = network;
    task.phi = f.array<float>("phi", weights);
    task.coordinates = static_cast<long>(coordinates);
    task.steps = kept.steps;
    task.gradients = kept.gradients.data();
    task.segment = segment;
    task.saved = kept.states.data();
    task.fresh = kept.fresh;
    task.rates = {kept.rates.data(), kept.decay};
    task.gradient = f.array<float>("gradient", weights);
    return task;
  }

  /** Copies the state into `hidden`. */
  Work read(Fields& f) {
    float* to = f.array<float>("hidden", hidden.floats.size());
    return [this, to](Engine&) { hidden.copy_to(to); };
  }
};

}  // namespace

std::unique_ptr<Handle> open_lstm_steps(Fields& f) { return std::make_unique<LstmSteps>(f); }

}  // namespace metadescent
