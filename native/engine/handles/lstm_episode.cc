// A coordinatewise LSTM that optimises functions with kernels, in whole unrolls.
#include "../descriptors.h"
#include "handle.h"
#include "state.h"

namespace metadescent {
namespace {

class LstmEpisode : public Handle {
  const Network network;
  const Functions functions;
  const size_t weights, coordinates;
  const long segment;
  Floats theta;
  Hidden hidden;

 public:
  /** Reads {network, functions, segment, theta [B, d], hidden?}: a state to resume from, or the start. */
  explicit LstmEpisode(Fields& f)
      : network(network_from(f.object("network"))),
        functions(functions_from(f.object("functions"))),
        weights(phi_size(network)),
        coordinates(coordinates_of(functions)),
        segment(f.integer("segment", 1)),
        theta(coordinates),
        hidden(state_rows(network) * coordinates) {
    theta.set(f.array<float>("theta", coordinates));
    if (f.has("hidden")) hidden.set(f.array<float>("hidden", hidden.floats.size()));
  }

  Work prepare(const std::string& operation, Fields& f) override {
    if (operation == "advance") return advance(f);
    if (operation == "read") return read(f);
    throw unknown(operation);
  }

 private:
  /**
   * Takes `steps` steps with `phi`, and writes f(θ_t) [steps + 1, B] into `losses`. With `weights` [steps + 1] of an
   * `objective`, also dL/dφ into `gradient`.
   */
  Work advance(Fields& f) {
    static constexpr const char* kObjectives[] = {"loss", "log", "relative"};
    Unroll task{};
    task.network = network;
    task.functions = functions;
    task.phi = f.array<float>("phi", weights);
    task.steps = f.integer("steps");
    set_rows(task.functions, f, task.steps + 1);
    task.theta = theta.data();
    task.hidden = hidden.floats.data();
    task.fresh = hidden.fresh;
    task.segment = segment;
    task.rates = rates_from(f, task.steps);
    task.losses = f.array<float>("losses", static_cast<size_t>(task.steps + 1) * functions.count);
    task.gradient = f.optional<float>("gradient", weights);
    if (task.gradient != nullptr) {
      task.weights = f.array<double>("weights", task.steps + 1);
      task.objective = static_cast<Objective>(f.choice("objective", kObjectives));
      task.initial = f.optional<float>("initial", functions.count);
    }
    return [this, task](Engine& engine) {
      engine.kernels->unroll(task, engine.pool);
      hidden.fresh = false;
    };
  }

  /** Copies the state into `theta` and `hidden`. */
  Work read(Fields& f) {
    float* to_theta = f.array<float>("theta", coordinates);
    float* to_hidden = f.array<float>("hidden", hidden.floats.size());
    return [this, to_theta, to_hidden](Engine&) {
      theta.copy_to(to_theta);
      hidden.copy_to(to_hidden);
    };
  }
};

}  // namespace

std::unique_ptr<Handle> open_lstm_episode(Fields& f) { return std::make_unique<LstmEpisode>(f); }

}  // namespace metadescent
