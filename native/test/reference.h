#pragma once
// The network, the functions and the meta-gradient in double, one coordinate at a time and as plainly as possible.
#include <cmath>
#include <random>
#include <vector>

#include "../engine/task.h"

namespace reference {

using metadescent::Functions;
using metadescent::kLog;
using metadescent::kLoss;
using metadescent::Network;
using metadescent::Objective;
using metadescent::Preprocessing;
using Vector = std::vector<double>;

/** An affine map in φ: kernel [inputs][outputs], then bias. */
struct Map {
  size_t offset;
  int inputs, outputs;

  double kernel(const Vector& phi, int row, int column) const { return phi[offset + size_t(row) * outputs + column]; }
  double bias(const Vector& phi, int column) const { return phi[offset + size_t(inputs) * outputs + column]; }

  Vector apply(const Vector& phi, const Vector& x) const {
    Vector z(outputs);
    for (int c = 0; c < outputs; c++) {
      z[c] = bias(phi, c);
      for (int r = 0; r < inputs; r++) z[c] += x[r] * kernel(phi, r, c);
    }
    return z;
  }

  /** Adds to the gradient of φ, and returns dL/dx. */
  Vector back(const Vector& phi, const Vector& x, const Vector& dz, Vector& gradient) const {
    Vector dx(inputs);
    for (int c = 0; c < outputs; c++) {
      gradient[offset + size_t(inputs) * outputs + c] += dz[c];
      for (int r = 0; r < inputs; r++) {
        gradient[offset + size_t(r) * outputs + c] += dz[c] * x[r];
        dx[r] += dz[c] * kernel(phi, r, c);
      }
    }
    return dx;
  }
};

struct Maps {
  std::vector<Map> all;
  size_t size = 0;
  bool projected;

  explicit Maps(const Network& network) : projected(network.projection > 0) {
    int width = network.preprocessing.kind == Preprocessing::kNone ? 1 : 2;
    const auto add = [&](int inputs, int outputs) {
      all.push_back({size, inputs, outputs});
      size += size_t(inputs + 1) * outputs;
    };
    if (projected) add(width, network.projection), width = network.projection;
    for (int l = 0; l < network.layers; l++) {
      add(width + network.units[l], 4 * network.units[l]);
      width = network.units[l];
    }
    add(width, 1);
  }
};

inline Vector preprocess(const Preprocessing& p, double g) {
  const double scale = p.log_scale, large = std::exp(1 / scale);
  switch (p.kind) {
    case Preprocessing::kNone: return {g};
    case Preprocessing::kPaper:
      if (std::fabs(g) >= 1 / large) return {std::log(std::fabs(g)) * scale, g > 0 ? 1. : -1.};
      return {-1, large * g};
    default:
      return {std::fmax(std::log(std::fabs(g) + std::ldexp(1., -23)) * scale, -1), std::fmin(std::fmax(g * large, -1), 1)};
  }
}

struct Layer {
  Vector h, c;
};
using State = std::vector<Layer>;

/** What a step keeps for the backward pass. */
struct Trace {
  Vector inputs;
  struct Cell {
    Vector xh, i, f, g, o, c_before, c;
  };
  std::vector<Cell> cells;
  Vector top;
};

inline double step(const Network& network, const Maps& maps, const Vector& phi, double g, State& state, Trace& trace) {
  Vector x = trace.inputs = preprocess(network.preprocessing, g);
  size_t map = 0;
  if (maps.projected) x = maps.all[map++].apply(phi, x);
  trace.cells.clear();
  for (int l = 0; l < network.layers; l++) {
    const int units = network.units[l];
    Trace::Cell cell;
    cell.xh = x;
    cell.xh.insert(cell.xh.end(), state[l].h.begin(), state[l].h.end());
    const Vector z = maps.all[map++].apply(phi, cell.xh);
    cell.c_before = state[l].c;
    for (int u = 0; u < units; u++) {
      const auto sigmoid = [&](int gate) { return 1 / (1 + std::exp(-z[gate * units + u])); };
      cell.i.push_back(sigmoid(0)), cell.f.push_back(sigmoid(1)), cell.o.push_back(sigmoid(3));
      cell.g.push_back(std::tanh(z[2 * units + u]));
      state[l].c[u] = cell.f[u] * state[l].c[u] + cell.i[u] * cell.g[u];
      state[l].h[u] = cell.o[u] * std::tanh(state[l].c[u]);
    }
    cell.c = state[l].c;
    x = state[l].h;
    trace.cells.push_back(cell);
  }
  trace.top = x;
  return network.output_scale * maps.all[map].apply(phi, x)[0];
}

/** @param carried dL/dh and dL/dc of the state after the step; replaced by those of the state before */
inline void step_back(const Network& network, const Maps& maps, const Vector& phi, const Trace& trace, double upstream,
                      State& carried, Vector& gradient) {
  size_t map = maps.all.size() - 1;
  Vector dx = maps.all[map].back(phi, trace.top, {network.output_scale * upstream}, gradient);
  for (int l = network.layers - 1; l >= 0; l--) {
    const int units = network.units[l];
    const Trace::Cell& cell = trace.cells[l];
    Vector dz(4 * units);
    for (int u = 0; u < units; u++) {
      const double dh = dx[u] + carried[l].h[u], t = std::tanh(cell.c[u]);
      const double dc = carried[l].c[u] + dh * cell.o[u] * (1 - t * t);
      dz[u] = dc * cell.g[u] * cell.i[u] * (1 - cell.i[u]);
      dz[units + u] = dc * cell.c_before[u] * cell.f[u] * (1 - cell.f[u]);
      dz[2 * units + u] = dc * cell.i[u] * (1 - cell.g[u] * cell.g[u]);
      dz[3 * units + u] = dh * t * cell.o[u] * (1 - cell.o[u]);
      carried[l].c[u] = dc * cell.f[u];
    }
    Vector dxh = maps.all[--map].back(phi, cell.xh, dz, gradient);
    carried[l].h.assign(dxh.end() - units, dxh.end());
    dx.assign(dxh.begin(), dxh.end() - units);
  }
  if (maps.projected) maps.all[0].back(phi, trace.inputs, dx, gradient);
}

/** The perceptron of perceptron.h. */
double perceptron(const metadescent::Perceptron& p, const int* rows, const float* classes, const Vector& theta, Vector& gradient);

inline double unscaled(const Functions& f, long b, long step, const double* x, double* gradient) {
  const long d = f.dimension;
  if (f.family == Functions::kPerceptron) {
    Vector sum(d);
    const int* rows = f.perceptron.rows + (step * f.count + b) * f.perceptron.batch;
    const float* classes = f.perceptron.classes == nullptr ? nullptr : f.perceptron.classes + b * f.perceptron.widths[f.perceptron.layers];
    const double loss = perceptron(f.perceptron, rows, classes, Vector(x, x + d), sum);
    for (long i = 0; i < d; i++) gradient[i] = sum[i];
    return loss;
  }
  double loss = 0;
  if (f.family == Functions::kQuadratic) {
    const float *W = f.data[0] + b * d * d, *y = f.data[1] + b * d;
    for (long j = 0; j < d; j++) gradient[j] = 0;
    for (long i = 0; i < d; i++) {
      double r = -y[i];
      for (long j = 0; j < d; j++) r += W[i * d + j] * x[j];
      loss += r * r;
      for (long j = 0; j < d; j++) gradient[j] += 2 * W[i * d + j] * r;
    }
    return loss;
  }
  for (long i = 0; i < d; i++) {
    const double s = f.family == Functions::kSimple ? 1 : f.data[0][b * d + i];
    loss += s * x[i] * s * x[i];
    gradient[i] = 2 * s * s * x[i];
  }
  return loss;
}

inline double evaluate(const Functions& f, long b, long step, const double* theta, double* gradient) {
  if (f.scale == nullptr) return unscaled(f, b, step, theta, gradient);
  const float* scale = f.scale + b * f.dimension;
  Vector point(f.dimension);
  for (long i = 0; i < f.dimension; i++) point[i] = scale[i] * theta[i];
  const double loss = unscaled(f, b, step, point.data(), gradient);
  for (long i = 0; i < f.dimension; i++) gradient[i] *= scale[i];
  return loss;
}

/** The terms of the meta-loss. `initial` has the losses for kRelative; null means the unroll's own first ones. */
struct MetaLoss {
  const double* weights;
  Objective objective;
  const float* initial;
};

/** An episode's θ [N] and states [N] after `steps` more steps, and the meta-gradient. */
struct Episode {
  Vector theta;
  std::vector<State> states;
  /** Added to the entries of gradients that are not 0: with a factor of this, a standard normal number from `random`. */
  double rounding = 0;
  std::mt19937* random = nullptr;

  struct Outcome {
    /** [T + 1][B] */
    Vector losses;
    /** [T + 1][N] */
    std::vector<Vector> gradients;
    Vector gradient;
  };

  Outcome unroll(const Network& network, const Functions& f, const Vector& phi, long steps, const MetaLoss& meta, const metadescent::Rates& rates = {}) {
    const Maps maps(network);
    const long d = f.dimension, n = f.count * d;
    Outcome out;
    const auto rate = [&](long t) { return rates.each == nullptr ? 1 : double(rates.each[t]); };
    std::vector<std::vector<Trace>> traces(steps, std::vector<Trace>(n));
    for (long t = 0; t <= steps; t++) {
      out.gradients.emplace_back(n);
      for (long b = 0; b < f.count; b++)
        out.losses.push_back(evaluate(f, b, t, &theta[b * d], &out.gradients.back()[b * d]));
      std::normal_distribution<double> normal;
      for (double& g : out.gradients[t])
        if (rounding != 0 && g != 0) g += rounding * normal(*random);
      if (t == steps) break;
      for (long i = 0; i < n; i++) {
        const double update = step(network, maps, phi, out.gradients[t][i], states[i], traces[t][i]);
        theta[i] += rate(t) * (update - rates.decay * theta[i]);
      }
    }
    out.gradient.assign(maps.size, 0);
    for (long i = 0; i < n; i++) {
      State carried;
      for (int l = 0; l < network.layers; l++)
        carried.push_back({Vector(network.units[l]), Vector(network.units[l])});
      double upstream = 0;
      for (long t = steps - 1; t >= 0; t--) {
        const double loss = out.losses[(t + 1) * f.count + i / d];
        const double whole = meta.initial ? meta.initial[i / d] : out.losses[i / d];
        const double slope = meta.objective == kLoss ? 1 : meta.objective == kLog ? 1 / (loss + 1e-8) : 1 / whole;
        if (t + 1 < steps) upstream *= 1 - rate(t + 1) * rates.decay;
        upstream += meta.weights[t + 1] * slope / double(f.count) * out.gradients[t + 1][i];
        step_back(network, maps, phi, traces[t][i], rate(t) * upstream, carried, out.gradient);
      }
    }
    return out;
  }
};

}  // namespace reference
