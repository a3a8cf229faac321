#pragma once
// A whole unroll: forward over T steps, then back. Or single steps forward and a separate backward pass, where the caller
// computes the optimizee's gradients between the steps.
//
// Functions are independent. If they are small, a piece of work is some whole functions: one thread takes them forward and
// back, with everything in its cache and without waiting for others. If a function is large, its blocks are the pieces,
// and the threads synchronise at each step, whose gradient needs all of θ.
//
// The forward pass keeps the gradients and, every `segment` steps, the state; the backward pass recomputes each block's
// segment and uses its records while they are in the cache. If a piece's records are small, the forward pass keeps them.
//
// Many coordinates of a large function may have gradients of zero, such as the weights of pixels that are never lit: a
// seventh of a perceptron's on MNIST. From a fresh start they all take the same steps, which are computed once; the
// backward pass skips what follows the last nonzero gradient.
#include "block.h"
#include "optimizees/optimizee.h"
#include "parallel.h"

namespace metadescent::METADESCENT_ISA {

/** Largest records of a piece that are kept, not recomputed; beyond the caches, keeping costs more than it saves. */
constexpr size_t kKeepBytes = size_t{4} << 20;
/** A function with more coordinates is divided among threads by blocks, unless there are many functions. */
constexpr long kLargeDimension = 256;
constexpr long kManyFunctions = 16;
/** Limits on sets of partial sums: enough to divide work evenly, few enough to add up quickly and to fit memory. */
constexpr long kPieces = 64;
constexpr long kSumsFloats = 1L << 26;

/** What kRelative divides by: |f(θ_0)|, or 1 where float cannot hold the reciprocal. As in src/core/engines/objective.ts. */
INLINE double size_of(double first_loss) {
  const double size = __builtin_fabs(first_loss);
  return size <= 0x1p-128 ? 1 : size;
}

template <int NB>
class UnrollTask {
  static constexpr long kWidth = static_cast<long>(kLanes) * NB;

  /** Consecutive coordinates, in whole blocks. */
  struct Run {
    /** Number of coordinates, and the first one's place in the batch. */
    long count, first;
    long blocks, width;
    float* theta;
    /** [T + 1][width] */
    float* gradients;
    /** What the network saw of them, of the same shape. */
    float* observed;
    /** [blocks]; and as they were at the beginning of each segment but the first, [segments - 1][blocks]. */
    V* states;
    V* saved;
    /** [blocks][T] if kept, else one segment of one block. */
    V* records;
    /** A block's state before its segment, and while that is recomputed. */
    V *initial, *again;
    /** The weight of each lane's loss, [T + 1][kWidth]. */
    float* weights;
    /** Whether a block has seen only gradients of zero since a fresh start; null if that is not tracked. */
    bool* idle;
    /** The state of all idle blocks before and after a step, and their update [width of a block]. */
    V *idle_before, *idle_after;
    float* idle_update;
  };

  const Unroll& u;
  Pool& pool;
  Plan plan;
  long n;
  long segment, segments;
  bool keep = false;
  /** w_t ℓ'(f(θ_t)) / B, [T + 1][B], or [T + 1] if ℓ' is 1. */
  float* weights;
  /** The number of steps followed by a loss with a nonzero weight: later steps have no gradient. */
  long counted;
  float* sums;
  long pieces;
  /** Whether the network saw something other than the gradients. */
  bool apart = false;
  /** For a separate backward pass, the states before every segment, each like an unroll's `hidden`. */
  const float* given = nullptr;

 public:
  UnrollTask(const Unroll& unroll, Pool& threads) : u(unroll), pool(threads), plan(plan_of<NB>(unroll.network)) {
    n = u.functions.count * u.functions.dimension;
  }

  void run() {
    const Functions& f = u.functions;
    if (f.dimension > kLargeDimension && f.count < kManyFunctions) run_wide();
    else run_local();
    if (u.gradient != nullptr) add_up();
  }

  /** One step, a block at a time. @param gradient ∇f(θ) [N] */
  void step(const float* gradient) {
    each_block([&](Run& g, Scratch<NB>& s, float*) {
      begin(g, 0, 1);
      load_row(g, gradient, g.gradients);
      forward(g, s, 0, 0, 1);
      end(g, 0, 1);
    });
  }

  /**
   * A separate backward pass, a block at a time.
   * @param gradients ∇f(θ_t) [T + 1, N]
   * @param observed what the network saw of them, [T, N], or null
   * @param states the saved states, each like an unroll's `hidden`
   */
  void back(const float* gradients, const float* observed, const float* states) {
    cut();
    apart = observed != nullptr;
    given = states;
    each_block([&](Run& g, Scratch<NB>& s, float* own) {
      for (long t = 0; t <= u.steps; t++) load_row(g, gradients + t * n, gradients_at(g, t));
      for (long t = 0; apart && t < u.steps; t++) load_row(g, observed + t * n, g.observed + t * g.width);
      backward(g, s, 0, 1, own);
    });
    add_up();
  }

 private:
  /** Sets the number of pieces, and lays out what they share. */
  void share(long wanted, Arena& arena) {
    pieces = min_of(wanted, u.gradient ? max_of(1, min_of(kPieces, kSumsFloats / plan.sums)) : 1024);
    pack<NB>(plan, u.phi, u.gradient != nullptr, arena);
    weights = u.gradient ? arena.take<float>((u.steps + 1) * (u.objective == kLoss ? 1 : u.functions.count)) : nullptr;
    sums = u.gradient ? arena.take<float>(plan.sums * pieces) : nullptr;
    if (arena.base == nullptr) return;
    for (counted = u.gradient ? u.steps : 0; counted > 0 && u.weights[counted] == 0;) counted--;
    if (u.gradient && u.objective == kLoss)
      for (long t = 0; t <= u.steps; t++) weights[t] = weight_of(t);
  }

  /** α_t, and 1 - α_t λ. */
  Rate rate_at(long t) const {
    const float rate = u.rates.each == nullptr ? 1 : u.rates.each[t];
    return {rate, static_cast<float>(1 - rate * u.rates.decay)};
  }

  /** w_t / B */
  float weight_of(long t) const { return static_cast<float>(u.weights[t] / static_cast<double>(u.functions.count)); }

  /** Sets the weights of some functions, once their losses are known. */
  void weigh(long first, long count) {
    if (u.gradient == nullptr || u.objective == kLoss) return;
    const long all = u.functions.count;
    const float* initial = u.initial ? u.initial : u.losses;
    for (long t = 0; t <= u.steps; t++)
      for (long f = first; f < first + count; f++) {
        const double loss = u.losses[t * all + f];
        const double slope = u.objective == kRelative ? 1 / size_of(initial[f]) : loss < 0 ? 0 : 1 / (loss + kLogOffset);
        weights[t * all + f] = static_cast<float>(weight_of(t) * slope);
      }
  }

  void lay_out_run(Run& g, long blocks, Arena& arena) const {
    g.blocks = blocks;
    g.width = blocks * kWidth;
    g.theta = arena.take<float>(g.width);
    g.gradients = arena.take<float>((u.gradient ? u.steps + 1 : 1) * g.width);
    g.observed = apart ? arena.take<float>(u.steps * g.width) : g.gradients;
    g.states = arena.take<V>(blocks * plan.state * NB);
    g.saved = u.gradient && given == nullptr ? arena.take<V>((segments - 1) * blocks * plan.state * NB) : nullptr;
  }

  void lay_out_records(Run& g, Arena& arena) const {
    g.records = arena.take<V>((keep ? g.blocks * u.steps : segment) * plan.record * NB);
    g.initial = arena.take<V>(plan.state * NB);
    g.again = arena.take<V>(plan.state * NB);
    g.weights = arena.take<float>((u.steps + 1) * kWidth);
  }

  /** Cuts the steps into segments, whose records are recomputed. */
  void cut() {
    keep = false;
    segment = u.segment;
    segments = (u.steps + segment - 1) / segment;
  }

  /** Calls work(run, scratch, the piece's sums) for each block as a separate run, on the pool's threads. */
  template <class F>
  void each_block(const F& work) {
    const long blocks = (n + kWidth - 1) / kWidth;
    with_memory(pool, pool.size(), [&](Arena& arena) { share((blocks + 1) / 2, arena); });
    parallel(pool, pieces, [&](int thread, int piece) {
      Run g{};
      with_memory(pool, thread, [&](Arena& arena) {
        lay_out_run(g, 1, arena);
        if (u.gradient) lay_out_records(g, arena);
        Scratch<NB> s(plan, arena, u.gradient != nullptr);
        if (arena.base == nullptr) return;
        float* own = sums_of(piece);
        for (long b = blocks * piece / pieces; b < blocks * (piece + 1) / pieces; b++) {
          g.first = b * kWidth;
          g.count = min_of(kWidth, n - g.first);
          work(g, s, own);
        }
      });
    });
  }

  /** Clears a piece's sums and returns them; null without a gradient. */
  float* sums_of(long piece) const {
    if (u.gradient == nullptr) return nullptr;
    float* own = sums + piece * plan.sums;
    for (long i = 0; i < plan.sums; i++) own[i] = 0;
    return own;
  }

  void lay_out_idle(Run& g, Arena& arena) const {
    g.idle = arena.take<bool>(g.blocks);
    g.idle_before = arena.take<V>(plan.state * NB);
    g.idle_after = arena.take<V>(plan.state * NB);
    g.idle_update = arena.take<float>(kWidth);
    if (arena.base == nullptr) return;
    for (long b = 0; b < g.blocks; b++) g.idle[b] = true;
    clear(g.idle_after, plan.state * NB);
  }

  /** Computes the step of all idle blocks, once. */
  void step_idle(const Run& g, long t) const {
    long b = 0;
    while (g.idle != nullptr && b < g.blocks && !g.idle[b]) b++;
    if (g.idle == nullptr || b == g.blocks) return;
    constexpr float kZero[kWidth]{};
    copy(g.idle_after, g.idle_before, plan.state * NB);
    for (long i = 0; i < kWidth; i++) g.idle_update[i] = 0;
    with_memory(pool, 0, [&](Arena& arena) {
      Scratch<NB> s(plan, arena, false);
      if (arena.base != nullptr) forward_step<false>(plan, s, kZero, g.idle_after, t == 0, nullptr, g.idle_update, rate_at(t));
    });
  }

  /** A piece is whole functions, taken forward and back by one thread. */
  void run_local() {
    const long d = u.functions.dimension, batch = batch_size(), batches = (u.functions.count + batch - 1) / batch;
    const long blocks = (batch * d + kWidth - 1) / kWidth;
    const size_t bytes = sizeof(V) * NB * plan.record * blocks * u.steps;
    keep = u.gradient && bytes <= kKeepBytes;
    segment = keep ? u.steps : u.segment;
    segments = (u.steps + segment - 1) / segment;
    with_memory(pool, pool.size(), [&](Arena& arena) { share(batches, arena); });
    parallel(pool, pieces, [&](int thread, int piece) {
      float* own = sums_of(piece);
      for (long b = batches * piece / pieces; b < batches * (piece + 1) / pieces; b++) {
        const long first = b * batch;
        run_batch(thread, first, min_of(batch, u.functions.count - first), own);
      }
    });
  }

  /** The number of functions to take together: the fewest that fill their blocks well, or that are enough work. */
  long batch_size() const {
    const long d = u.functions.dimension;
    long batch = 1;
    for (; batch < u.functions.count && batch * d < 8 * kWidth; batch++) {
      const long lanes = (batch * d + kWidth - 1) / kWidth * kWidth;
      if (batch * d >= 4 * kWidth && 20 * (lanes - batch * d) <= lanes) break;
    }
    return batch;
  }

  void run_batch(int thread, long first, long count, float* own) {
    const long d = u.functions.dimension;
    Run g{};
    g.first = first * d;
    g.count = count * d;
    Optimizee optimizee;
    with_memory(pool, thread, [&](Arena& arena) {
      lay_out_run(g, (g.count + kWidth - 1) / kWidth, arena);
      if (u.gradient) lay_out_records(g, arena);
      optimizee.prepare(u.functions, first, count, arena);
      Scratch<NB> s(plan, arena, u.gradient != nullptr);
      if (arena.base == nullptr) return;
      begin(g, 0, g.blocks);
      for (long t = 0; t < u.steps; t++) {
        optimizee.evaluate(g.theta, t, gradients_at(g, t), u.losses + t * u.functions.count + first);
        forward(g, s, t, 0, g.blocks);
      }
      optimizee.evaluate(g.theta, u.steps, gradients_at(g, u.steps), u.losses + u.steps * u.functions.count + first);
      weigh(first, count);
      if (u.gradient) backward(g, s, 0, g.blocks, own);
      end(g, 0, g.blocks);
    });
  }

  /** A piece is some blocks of all functions; the threads synchronise at each step. */
  void run_wide() {
    cut();
    Run g{};
    g.count = n;
    const long blocks = (n + kWidth - 1) / kWidth;
    Optimizee optimizee;
    with_memory(pool, pool.size(), [&](Arena& arena) {
      share((blocks + 1) / 2, arena);
      lay_out_run(g, blocks, arena);
      if (u.fresh) lay_out_idle(g, arena);
      optimizee.prepare(u.functions, 0, u.functions.count, arena);
    });
    const auto each_piece = [&](auto&& work) {
      parallel(pool, pieces, [&](int thread, int piece) {
        Run own = g;
        with_memory(pool, thread, [&](Arena& arena) {
          if (u.gradient) lay_out_records(own, arena);
          Scratch<NB> s(plan, arena, u.gradient != nullptr);
          if (arena.base == nullptr) return;
          work(own, s, piece, blocks * piece / pieces, blocks * (piece + 1) / pieces);
        });
      });
    };
    each_piece([&](Run& own, Scratch<NB>&, int, long from, long to) { begin(own, from, to); });
    for (long t = 0; t < u.steps; t++) {
      optimizee.evaluate(g.theta, t, gradients_at(g, t), u.losses + t * u.functions.count, &pool);
      step_idle(g, t);
      each_piece([&](Run& own, Scratch<NB>& s, int, long from, long to) { forward(own, s, t, from, to); });
    }
    optimizee.evaluate(g.theta, u.steps, gradients_at(g, u.steps), u.losses + u.steps * u.functions.count, &pool);
    weigh(0, u.functions.count);
    each_piece([&](Run& own, Scratch<NB>& s, int piece, long from, long to) {
      if (u.gradient) backward(own, s, from, to, sums_of(piece));
      end(own, from, to);
    });
  }

  float* gradients_at(const Run& g, long t) const { return g.gradients + (u.gradient ? t * g.width : 0); }

  V* state_of(V* states, long block) const { return states + block * plan.state * NB; }

  /** Calls f(row of the state, place in the episode's [units, N], lanes in use) for each row of a block's state. */
  template <class F>
  INLINE void each_state_row(const Run& g, long block, const F& f) const {
    const long at = block * kWidth, lanes = min_of(kWidth, g.count - at);
    long row = 0;
    for (int l = 0; l < plan.layers; l++) {
      const long parts[2] = {plan.layer[l].state_h, plan.layer[l].state_c};
      for (const long part : parts)
        for (long unit = 0; unit < plan.layer[l].units; unit++, row++)
          f((part + unit) * NB, row * n + g.first + at, lanes);
    }
  }

  /** Reads θ and the states from the episode. Lanes beyond the last coordinate are zero, as are their gradients. */
  void begin(Run& g, long from, long to) const {
    for (long b = from; b < to; b++) {
      const long at = b * kWidth, lanes = min_of(kWidth, g.count - at);
      for (long i = 0; i < kWidth; i++) g.theta[at + i] = i < lanes ? u.theta[g.first + at + i] : 0;
      if (lanes < kWidth)
        for (long t = 0; t <= (u.gradient ? u.steps : 0); t++)
          for (long i = lanes; i < kWidth; i++) g.gradients[t * g.width + at + i] = 0;
      if (u.fresh) clear(state_of(g.states, b), plan.state * NB);
      else load_state(g, b, u.hidden, state_of(g.states, b));
    }
  }

  /** Reads a block's state from the episode's. */
  void load_state(const Run& g, long block, const float* hidden, V* state) const {
    clear(state, plan.state * NB);
    each_state_row(g, block, [&](long row, long coordinate, long count) {
      float* lane = reinterpret_cast<float*>(state + row);
      for (long i = 0; i < count; i++) lane[i] = hidden[coordinate + i];
    });
  }

  /** Reads the part of a row [N] for a run of one block, followed by zeros. */
  void load_row(const Run& g, const float* row, float* to) const {
    for (long i = 0; i < kWidth; i++) to[i] = i < g.count ? row[g.first + i] : 0;
  }

  /** Writes θ and the states back to the episode. */
  void end(const Run& g, long from, long to) const {
    for (long b = from; b < to; b++) {
      const long at = b * kWidth, lanes = min_of(kWidth, g.count - at);
      for (long i = 0; i < lanes; i++) u.theta[g.first + at + i] = g.theta[at + i];
      V* state = state_of(g.states, b);
      if (g.idle != nullptr && g.idle[b]) copy(g.idle_after, state, plan.state * NB);
      each_state_row(g, b, [&](long row, long coordinate, long count) {
        const float* lane = reinterpret_cast<const float*>(state + row);
        for (long i = 0; i < count; i++) u.hidden[coordinate + i] = lane[i];
      });
    }
  }

  void forward(Run& g, Scratch<NB>& s, long t, long from, long to) const {
    const bool fresh = t == 0 && u.fresh;
    const Rate rate = rate_at(t);
    for (long b = from; b < to; b++) {
      V* state = state_of(g.states, b);
      const bool idle = g.idle != nullptr && g.idle[b];
      if (idle) copy(g.idle_before, state, plan.state * NB);
      if (u.gradient && t > 0 && t % segment == 0) copy(state, saved_state(g, t / segment, b), plan.state * NB);
      const float* gradient = gradients_at(g, t) + b * kWidth;
      float* theta = g.theta + b * kWidth;
      if (idle && is_zero(gradient)) {
        for (long i = 0; i < kWidth; i++) theta[i] = rate.shrink * theta[i] + g.idle_update[i];
        continue;
      }
      if (idle) g.idle[b] = false;
      if (keep) forward_step<true>(plan, s, gradient, state, fresh, records_of(g, b) + t * plan.record * NB, theta, rate);
      else forward_step<false>(plan, s, gradient, state, fresh, nullptr, theta, rate);
    }
  }

  /** The state before a segment other than the first, as the forward pass keeps it. */
  V* saved_state(const Run& g, long number, long block) const {
    return state_of(g.saved, (number - 1) * g.blocks + block);
  }

  /** The state before a segment; before the first it is the episode's, which is unchanged until {@link end}. */
  void load_initial(const Run& g, long number, long block) const {
    if (given != nullptr) load_state(g, block, given + number * plan.rows * n, g.initial);
    else if (number > 0) copy(saved_state(g, number, block), g.initial, plan.state * NB);
    else if (u.fresh) clear(g.initial, plan.state * NB);
    else load_state(g, block, u.hidden, g.initial);
  }

  V* records_of(const Run& g, long block) const { return g.records + (keep ? block * u.steps * plan.record * NB : 0); }

  /** Lanes beyond the last coordinate get 0: the weights of the next functions may not be known yet. */
  void load_weights(const Run& g, long block) const {
    const long d = u.functions.dimension, first = g.first + block * kWidth, last = u.functions.count - 1;
    for (long i = 0; i < kWidth; i++) {
      const long function = min_of((first + i) / d, last), functions = u.objective == kLoss ? 1 : last + 1;
      const float* own = weights + (functions == 1 ? 0 : function);
      const bool real = block * kWidth + i < g.count;
      for (long t = 0; t <= u.steps; t++) g.weights[t * kWidth + i] = real ? own[t * functions] : 0;
    }
  }

  /** Whether a block's row is all zeros. */
  static bool is_zero(const float* row) {
    for (long i = 0; i < kWidth; i++)
      if (row[i] != 0) return false;
    return true;
  }

  /** The number of a block's steps followed by a nonzero gradient: later steps do not contribute to dL/dφ. */
  long counted_in(const Run& g, long block) const {
    long steps = counted;
    while (steps > 0 && is_zero(gradients_at(g, steps) + block * kWidth)) steps--;
    return steps;
  }

  void backward(const Run& g, Scratch<NB>& s, long from, long to, float* own) const {
    for (long b = from; b < to; b++) {
      const long counted = counted_in(g, b);
      V* records = records_of(g, b);
      begin_backward(plan, s);
      load_weights(g, b);
      for (long number = (counted + segment - 1) / segment - 1; number >= 0; number--) {
        const long first = number * segment, last = min_of(first + segment, counted);
        const bool fresh = first == 0 && u.fresh;
        load_initial(g, number, b);
        if (!keep) {
          copy(g.initial, g.again, plan.state * NB);
          for (long t = first; t < last; t++) {
            forward_step<true>(plan, s, g.observed + t * g.width + b * kWidth, g.again, t == first && fresh,
                               records + (t - first) * plan.record * NB, nullptr, Rate{});
          }
        }
        backward_segment<NB>(plan, s, records, first, last, g.initial, fresh, {g.gradients + b * kWidth, g.width}, {g.weights, kWidth},
                             [&](long t) { return rate_at(t); }, own);
      }
    }
  }

  /** Adds the pieces' sums into the first's, always in the pieces' order; then unpacks them into the meta-gradient. */
  void add_up() {
    const long slices = plan.sums * pieces > 1L << 20 ? 16 : 1;
    parallel(pool, slices, [&](int, int slice) {
      const long from = plan.sums * slice / slices, to = plan.sums * (slice + 1) / slices;
      for (long piece = 1; piece < pieces; piece++)
        for (long i = from; i < to; i++) sums[i] += sums[piece * plan.sums + i];
    });
    unpack(plan, u.phi, sums, u.gradient);
  }
};

}  // namespace metadescent::METADESCENT_ISA
