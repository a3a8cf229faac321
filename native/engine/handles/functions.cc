// Functions whose values and gradients are asked for.
#include "../descriptors.h"
#include "handle.h"

namespace metadescent {
namespace {

class FunctionsHandle : public Handle {
  Functions functions;

 public:
  explicit FunctionsHandle(Fields& f) : functions(functions_from(f.object("functions"))) {}

  /** evaluate: f(θ) [B] into `losses` and ∇f(θ) [B, d] into `gradient`, at `theta` [B, d] and with the step's `rows`. */
  Work prepare(const std::string& operation, Fields& f) override {
    if (operation != "evaluate") throw unknown(operation);
    Evaluation task{};
    task.functions = functions;
    set_rows(task.functions, f, 1);
    const size_t n = coordinates_of(functions);
    task.theta = f.array<float>("theta", n);
    task.losses = f.array<float>("losses", functions.count);
    task.gradient = f.array<float>("gradient", n);
    return [task](Engine& engine) { engine.kernels->evaluate(task, engine.pool); };
  }
};

}  // namespace

std::unique_ptr<Handle> open_functions(Fields& f) { return std::make_unique<FunctionsHandle>(f); }

}  // namespace metadescent
