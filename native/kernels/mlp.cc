// The kernels of MLP optimizers of one instruction set: compiled once per set, with its flags and namespace.
#include "population.h"

namespace metadescent::METADESCENT_ISA {
namespace {

/** Calls f(function, tensor, matrix of it, its offset in the tensor's numbers) for every matrix. */
template <class F>
void each_matrix(const MlpStep& task, const F& f) {
  for (long b = 0; b < task.functions; b++)
    for (int i = 0; i < task.tensor_count; i++)
      for (long k = 0; k < task.tensors[i].matrices; k++) f(b, task.tensors[i], k);
}

/** Where a matrix's numbers are in the functions' θ, gradient and state. */
MlpMatrix place(const MlpStep& task, const MlpPlan& plan, const Tensor& tensor, float* hidden, long b, long k) {
  MlpMatrix m{};
  m.rows = tensor.rows;
  m.columns = tensor.columns;
  m.vector = tensor.vector;
  const long size = tensor.matrices * m.size(), offset = k * m.size(), at = b * task.dimension + tensor.offset + offset;
  m.theta = task.theta + at;
  m.gradient = task.gradient + at;
  /** An item of the next row of an array [rows, B, items]. */
  const auto next = [&](long items, long first) {
    float* const to = hidden + b * items + first;
    hidden += task.functions * items;
    return to;
  };
  for (int d = 0; d < plan.spec->momenta; d++) m.momentum[d] = next(size, offset);
  m.second = next(size, offset);
  for (int d = 0; d < plan.spec->factored && !m.vector; d++) m.row[d] = next(tensor.matrices * m.rows, k * m.rows);
  for (int d = 0; d < plan.spec->factored; d++) m.column[d] = next(tensor.matrices * m.columns, k * m.columns);
  return m;
}

/** Floats of a tensor's state. */
long state_of(const MlpStep& task, const Tensor& t) {
  const long size = t.matrices * t.rows * t.columns;
  const long factored = t.vector ? size : t.matrices * (t.rows + t.columns);
  return task.functions * (size * (task.mlp.momenta + 1) + factored * task.mlp.factored);
}

void step(const MlpStep& task, Pool& pool) {
  const MlpPlan plan(task.mlp);
  int count = 0;
  each_matrix(task, [&](long, const Tensor&, long) { count++; });
  with_memory(pool, pool.size(), [&](Arena& arena) {
    MlpMatrix* const matrices = arena.take<MlpMatrix>(count);
    MlpScratch* const scratch = arena.take<MlpScratch>(pool.size());
    MlpWeights weights{};
    weights.phi = task.phi;
    take_weights<Coordinates>(plan, arena, weights);
    int at = 0;
    if (arena.base) {
      each_matrix(task, [&](long b, const Tensor& tensor, long k) {
        float* hidden = task.hidden;
        for (const Tensor* before = task.tensors; before != &tensor; before++) hidden += state_of(task, *before);
        matrices[at++] = place(task, plan, tensor, hidden, b, k);
      });
      set_weights<Coordinates>(plan, weights);
    }
    for (int thread = 0; thread < pool.size(); thread++) {
      MlpScratch own{};
      take_scratch<Coordinates>(own, plan, arena);
      if (arena.base == nullptr) continue;
      set_base<Coordinates>(plan, weights, set(static_cast<float>(task.step)), own);
      scratch[thread] = own;
    }
    const auto shapes = [&](const auto& visit) {
      each_matrix(task, [&](long, const Tensor& t, long) {
        MlpMatrix shape{};
        shape.rows = t.rows, shape.columns = t.columns, shape.vector = t.vector;
        visit(shape);
      });
    };
    const CoordinateSteps steps(plan, matrices, shapes, arena);
    if (arena.base) steps.step(weights, scratch, task.rate, task.rate * task.weight_decay, pool);
  });
}

}  // namespace

extern const MlpKernels mlp_kernels;
const MlpKernels mlp_kernels{kLanes, population_bytes, advance_population, write_particle, read_particle, step};

}  // namespace metadescent::METADESCENT_ISA
