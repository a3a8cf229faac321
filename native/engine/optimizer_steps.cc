#include "optimizer_steps.h"

namespace metadescent {

Descent descent_from(Fields& f) {
  Descent task{};
  const Array<float> phi = f.array<float>("phi");
  task.phi = phi.data;
  task.size = static_cast<long>(phi.length);
  task.gradient = f.array<float>("gradient", phi.length);
  task.m = f.array<float>("m", phi.length);
  task.v = f.array<float>("v", phi.length);
  task.descended = f.array<double>("descended", 2);
  task.clip_norm = f.number("clipNorm");
  task.learning_rate = f.number("learningRate");
  task.beta1 = f.number("beta1");
  task.beta2 = f.number("beta2");
  task.epsilon = f.number("epsilon");
  task.correction1 = f.number("correction1");
  task.correction2 = f.number("correction2");
  return task;
}

Orthogonalisation orthogonalisation_from(Fields& f) {
  Orthogonalisation task{};
  task.rows = f.integer("rows", 1);
  task.columns = f.integer("columns", 1);
  const Array<double> matrices = f.array<double>("matrices");
  task.matrices = matrices.data;
  task.count = static_cast<long>(matrices.length) / (task.rows * task.columns);
  if (task.count * task.rows * task.columns != static_cast<long>(matrices.length))
    throw std::invalid_argument("matrices: not a whole number of them");
  if (task.count > 65535) throw std::invalid_argument("matrices: more than 65535");
  task.iterations = static_cast<int>(f.integer("iterations", 1));
  task.a = f.number("a");
  task.b = f.number("b");
  task.c = f.number("c");
  task.norm_floor = f.number("normFloor");
  return task;
}

}  // namespace metadescent
