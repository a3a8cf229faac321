// An MLP optimizer on some tensors of functions, one step at a time, with gradients that the caller computes.
#include "../mlp_descriptors.h"
#include "../population.h"
#include "handle.h"
#include "state.h"

namespace metadescent {
namespace {

class MlpSteps : public Handle {
  const Mlp mlp;
  const Precision precision;
  const std::vector<Tensor> tensors;
  const size_t weights, functions, dimension;
  long steps;
  Floats hidden, gradient;

 public:
  /** Reads {network, precision?, tensors, functions, steps, hidden?}: the steps taken so far, and a state to resume from. */
  explicit MlpSteps(Fields& f)
      : mlp(mlp_from(f.object("network"))),
        precision(precision_from(f)),
        tensors(tensors_from(f, "tensors")),
        weights(phi_size(mlp)),
        functions(static_cast<size_t>(f.integer("functions", 1))),
        dimension(dimension_of(tensors)),
        steps(f.integer("steps")),
        hidden(functions * state_size(mlp, tensors)),
        gradient(functions * dimension) {
    if (f.has("hidden")) hidden.set(f.array<float>("hidden", hidden.size()));
    else std::memset(hidden.data(), 0, hidden.size() * sizeof(float));
  }

  Work prepare(const std::string& operation, Fields& f) override {
    if (operation == "step") return step(f);
    if (operation == "read") return read(f);
    throw unknown(operation);
  }

 private:
  /** Takes a step of `theta` [B, d] for the gradient `observed` [B, d], at the rate `rates` [1] with `decay`. */
  Work step(Fields& f) {
    MlpStep task{};
    task.mlp = mlp;
    task.phi = f.array<float>("phi", weights);
    task.tensors = tensors.data();
    task.tensor_count = static_cast<int>(tensors.size());
    task.functions = static_cast<long>(functions);
    task.dimension = static_cast<long>(dimension);
    task.rate = *f.array<float>("rates", 1);
    task.weight_decay = static_cast<float>(f.number("decay"));
    task.theta = f.array<float>("theta", gradient.size());
    const float* observed = f.array<float>("observed", gradient.size());
    return [this, task, observed](Engine& engine) mutable {
      gradient.set(observed);
      task.step = steps++;
      task.gradient = gradient.data();
      task.hidden = hidden.data();
      engine.mlp(precision).step(task, engine.pool);
    };
  }

  /** Copies the state into `hidden`. */
  Work read(Fields& f) {
    float* to = f.array<float>("hidden", hidden.size());
    return [this, to](Engine&) { hidden.copy_to(to); };
  }
};

}  // namespace

std::unique_ptr<Handle> open_mlp_steps(Fields& f) { return std::make_unique<MlpSteps>(f); }

}  // namespace metadescent
