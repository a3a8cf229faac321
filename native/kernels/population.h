#pragma once
// Populations of perceptrons under MLP optimizers: lanes are particles, each with its own θ, optimizer and state. A thread
// takes a group of lanes through all the steps, so its state stays in the thread's cache; lanes do not meet, so the bits
// depend neither on threads nor on what else is in the group.
#include "../engine/population.h"
#include "networks/mlp.h"
#include "perceptron_particles.h"

namespace metadescent::METADESCENT_ISA {

/** A group's θ, state and scale, where they lie in its memory: per layer its weights, then its biases. */
struct GroupState {
  int matrices;
  MlpMatrix matrix[2 * kMaxPerceptronLayers];
  /** c of each tensor, [matrices]; or of each coordinate, with c∘θ, like θ. */
  float* scale;
  float *coordinate_scale[2 * kMaxPerceptronLayers], *scaled_theta[2 * kMaxPerceptronLayers];
  long used;

  GroupState(const MlpPlan& plan, const PopulationGroup& group, void* memory) : matrices(2 * group.network.layers), matrix{} {
    Arena arena{static_cast<char*>(memory), 0};
    for (int i = 0; i < matrices; i++) {
      const int *width = group.network.widths + i / 2;
      MlpMatrix& m = matrix[i];
      m.vector = i % 2;
      m.transposed = !m.vector;
      m.rows = m.vector ? 1 : width[1];
      m.columns = m.vector ? width[1] : width[0];
      take_state(m, plan, arena);
      if (!group.scaled_coordinates) continue;
      coordinate_scale[i] = take_numbers<Particles>(m.size(), arena);
      scaled_theta[i] = take_numbers<Particles>(m.size(), arena);
    }
    scale = take_numbers<Particles>(matrices, arena);
    used = static_cast<long>(arena.used);
  }
};

class PopulationRun {
  const PopulationTask& task;
  const MlpPlan& plan;
  const PopulationGroup& group;
  GroupState state;
  PerceptronParticles network;
  MlpWeights weights;
  float* phi;
  MlpStatistics statistics{};
  MlpScratch scratch{};

 public:
  /** Takes its memory; with a counting arena it only counts. */
  PopulationRun(const PopulationTask& t, const MlpPlan& p, const PopulationGroup& g, Arena& arena)
      : task(t), plan(p), group(g), state(p, g, g.memory), network(g.network, arena) {
    weights.phi = phi = take_numbers<Particles>(plan.size, arena);
    take_weights<Particles>(plan, arena, weights);
    long rows = 1, columns = 1;
    for (int i = 0; i < state.matrices; i++) {
      rows = max_of(rows, state.matrix[i].rows);
      columns = max_of(columns, state.matrix[i].columns);
    }
    take_statistics<Particles>(statistics, rows, columns, plan, arena);
    take_scratch<Particles>(scratch, plan, arena);
  }

  void advance() {
    const FlushDenormals flush;
    pack();
    with_shape(plan.slots, [&](const auto& shape) {
      for (long t = 0; t <= task.steps; t++) {
        network.gather(group, t);
        ParticleLayer layers[kMaxPerceptronLayers];
        for (int l = 0; l < group.network.layers; l++) layers[l] = layer(l);
        put_losses(t, network.forward(layers));
        if (t < task.steps) step(shape, t, layers);
      }
    });
  }

 private:
  static constexpr int kFunctions = kLanes / kCopies;

  const PopulationGroup::Function& function_of(int lane) const {
    const int f = lane % kFunctions;
    return group.function[f < group.functions ? f : 0];
  }

  /** φ of each lane, and c∘θ. */
  void pack() {
    for (int lane = 0; lane < kLanes; lane++) {
      const float* from = function_of(lane).phi[lane / kFunctions];
      for (long k = 0; k < plan.size; k++) phi[k * kLanes + lane] = from[k];
    }
    set_weights<Particles>(plan, weights);
    for (int i = 0; group.scaled_coordinates && i < state.matrices; i++) scale_theta(i);
  }

  void scale_theta(int i) const {
    for (long e = 0; e < state.matrix[i].size() * kLanes; e += kLanes)
      store(state.scaled_theta[i] + e, load(state.coordinate_scale[i] + e) * load(state.matrix[i].theta + e));
  }

  ParticleLayer layer(int l) const {
    const int w = 2 * l, b = w + 1;
    if (group.scaled_coordinates) return {state.scaled_theta[w], state.scaled_theta[b], set(1.f), set(1.f)};
    return {state.matrix[w].theta, state.matrix[b].theta, Particles::get(state.scale, w), Particles::get(state.scale, b)};
  }

  void put_losses(long t, V losses) const {
    for (int f = 0; f < group.functions; f++)
      for (int copy = 0; copy < kCopies; copy++)
        group.function[f].losses[t * group.loss_stride + copy] = losses[copy * kFunctions + f];
  }

  template <class Shape>
  void step(const Shape& shape, long t, const ParticleLayer* layers) {
    V time, rate, decay;
    for (int lane = 0; lane < kLanes; lane++) {
      time[lane] = static_cast<float>(function_of(lane).step + t);
      rate[lane] = function_of(lane).rates[t];
      decay[lane] = function_of(lane).weight_decay;
    }
    decay = rate * decay;
    set_base<Particles>(plan, weights, time, scratch);
    for (int l = group.network.layers - 1; l >= 0; l--) {
      const int w = 2 * l, b = w + 1;
      gradient(l, layers[l]);
      step_particles(shape, plan, weights, state.matrix[w], statistics, scratch, true, rate, decay);
      step_particles(shape, plan, weights, state.matrix[b], statistics, scratch, false, rate, decay);
      if (!group.scaled_coordinates) continue;
      scale_theta(w);
      scale_theta(b);
    }
  }

  /** The gradient of a layer; its weights' is clipped, with its sums in the statistics. Then that of the layer's inputs. */
  void gradient(int l, const ParticleLayer& layer) {
    const int w = 2 * l, b = w + 1;
    const MlpMatrix &kernel = state.matrix[w], &bias = state.matrix[b];
    const float bound = plan.spec->maximum_gradient;
    const bool each = group.scaled_coordinates;
    for (long r = 0; r < kernel.rows; r++) Particles::put(statistics.row_sum, r, V{});
    for (long c = 0; c < kernel.columns; c++) Particles::put(statistics.column_sum, c, V{});
    network.weight_gradient(l, [&](int unit, int input, const V* sums, auto size) {
      V squares = Particles::get(statistics.row_sum, unit);
      UNROLL for (int i = 0; i < size.value; i++) {
        const long e = unit * kernel.columns + input + i;
        const V by = each ? Particles::get(state.coordinate_scale[w], e) : layer.weight_scale;
        const V g = clip(by * sums[i], bound), square = g * g;
        Particles::put(kernel.gradient, e, g);
        Particles::put(statistics.column_sum, input + i, Particles::get(statistics.column_sum, input + i) + square);
        squares = squares + square;
      }
      Particles::put(statistics.row_sum, unit, squares);
    });
    network.bias_gradient(l, [&](int unit, V sum) {
      Particles::put(bias.gradient, unit, (each ? Particles::get(state.coordinate_scale[b], unit) : layer.bias_scale) * sum);
    });
    if (l > 0) network.back(l, layer);
  }
};

inline void advance_population(const PopulationTask& task, Pool& pool) {
  const MlpPlan plan(task.mlp);
  parallel(pool, task.count, [&](int thread, int piece) {
    const PopulationGroup& group = task.groups[piece];
    with_memory(pool, thread, [&](Arena& arena) {
      PopulationRun own(task, plan, group, arena);
      if (arena.base != nullptr) own.advance();
    });
  });
}

inline long population_bytes(const Mlp& mlp, const PopulationGroup& group) {
  return GroupState(MlpPlan(mlp), group, nullptr).used;
}

/** Calls visit(lane's float, particle's float) for every number of a particle that it has memory for. */
template <class Visit>
void visit_particle(const Particle& p, const Visit& visit) {
  const MlpPlan plan(*p.mlp);
  const GroupState state(plan, *p.group, p.group->memory);
  const int lane = p.copy * (kLanes / kCopies) + p.function;
  // Here weights are [outputs][inputs], in θ [inputs][outputs].
  const auto like_theta = [&](const MlpMatrix& m, float* from, float* to) {
    for (long c = 0; c < m.columns; c++)
      for (long r = 0; r < m.rows; r++) visit(from[(r * m.columns + c) * kLanes + lane], *to++);
  };
  float *theta = p.theta, *scale = p.scale, *hidden = p.hidden;
  for (int i = 0; i < state.matrices; i++) {
    const MlpMatrix& m = state.matrix[i];
    if (theta) like_theta(m, m.theta, theta), theta += m.size();
    if (scale) {
      if (p.group->scaled_coordinates) like_theta(m, state.coordinate_scale[i], scale);
      else visit(state.scale[i * kLanes + lane], *scale);
      scale += m.size();
    }
    if (hidden == nullptr) continue;
    const auto items = [&](long count) {
      float* const to = hidden;
      hidden += count;
      return to;
    };
    const auto numbers = [&](float* const* from, long count) {
      for (int k = 0; k < plan.spec->factored; k++) {
        float* const to = items(count);
        for (long n = 0; n < count; n++) visit(from[k][n * kLanes + lane], to[n]);
      }
    };
    for (int k = 0; k < plan.spec->momenta; k++) like_theta(m, m.momentum[k], items(m.size()));
    like_theta(m, m.second, items(m.size()));
    // The matrix's own rows are columns here.
    numbers(m.column, m.columns);
    if (!m.vector) numbers(m.row, m.rows);
  }
}

inline void write_particle(const Particle& particle) {
  visit_particle(particle, [](float& lane, float& number) { lane = number; });
}

inline void read_particle(const Particle& particle) {
  visit_particle(particle, [](float& lane, float& number) { number = lane; });
}

}  // namespace metadescent::METADESCENT_ISA
