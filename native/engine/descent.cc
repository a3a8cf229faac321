#include "descent.h"

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

}  // namespace metadescent
