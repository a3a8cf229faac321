#pragma once
// An MLP optimizer in double, written from its definition, one coordinate at a time.
#include <algorithm>

#include "../engine/population.h"
#include "reference.h"

namespace reference {

using metadescent::Mlp;
using metadescent::Tensor;

/** What the optimizer keeps for a matrix, or for a vector, whose `columns` then are its coordinates' second moments. */
struct Moments {
  std::vector<Vector> momentum, row, column;
  Vector second;
};

class MlpOptimizer {
  const Mlp& mlp;
  const Vector& phi;
  Vector beta, rest;

 public:
  MlpOptimizer(const Mlp& spec, const Vector& weights) : mlp(spec), phi(weights) {
    const size_t decays = mlp.momenta + 1 + mlp.factored;
    for (size_t k = 0; k < decays; k++) {
      const int factored = int(k) - mlp.momenta - 1;
      const double initial = int(k) < mlp.momenta ? mlp.momentum[k] : factored < 0 ? mlp.second_moment : mlp.factored_moment[factored];
      const double delta = mlp.learn_decays ? phi[phi.size() - decays + k] : 0;
      beta.push_back(std::min(std::max(1 - (1 - initial) * std::exp(10 * delta), 0.), 1.));
      rest.push_back(1 - beta[k]);
    }
  }

  static size_t inputs(const Mlp& mlp) {
    size_t count = 0;
    for (int f = 0; f < mlp.features; f++) count += inputs_of(mlp, mlp.feature[f]);
    return count;
  }

  static size_t weights(const Mlp& mlp) {
    size_t below = inputs(mlp), count = 0;
    const auto add = [&](size_t units) { count += (below + 1) * units, below = units; };
    for (int l = 0; l < mlp.hidden_layers; l++) add(mlp.hidden[l]);
    add(mlp.magnitude ? 2 : 1);
    return count + (mlp.learn_decays ? mlp.momenta + 1 + mlp.factored : 0);
  }

  /** One step of a matrix; `gradient` is clipped. */
  void step(bool vector, size_t rows, size_t columns, double* theta, Vector gradient, Moments& state, long t, double rate,
            double weight_decay) const {
    const size_t n = rows * columns;
    for (double& g : gradient) g = std::fmin(std::fmax(g, -double(mlp.maximum_gradient)), mlp.maximum_gradient);
    for (int k = 0; k < mlp.momenta; k++)
      for (size_t i = 0; i < n; i++) state.momentum[k][i] = beta[k] * state.momentum[k][i] + rest[k] * gradient[i];
    for (size_t i = 0; i < n; i++)
      state.second[i] = beta[mlp.momenta] * state.second[i] + rest[mlp.momenta] * gradient[i] * gradient[i];
    std::vector<Vector> factor(mlp.factored, Vector(n));
    for (int k = 0; k < mlp.factored; k++) factored(vector, rows, columns, gradient, state, k, factor[k]);
    std::vector<Vector> x;
    for (int f = 0; f < mlp.features; f++) {
      const Mlp::Feature feature = mlp.feature[f];
      for (size_t k = 0; k < inputs_of(mlp, feature); k++) {
        Vector values(n);
        if (!vector || f < mlp.vector_features)
          for (size_t i = 0; i < n; i++) values[i] = value(feature, k, vector, i / columns, i % columns, i, theta, gradient, state, factor, t);
        if (mlp.normalise_features && feature != Mlp::kTime) divide(values);
        x.push_back(values);
      }
    }
    Vector s(n);
    for (size_t i = 0; i < n; i++) {
      Vector in;
      for (const Vector& values : x) in.push_back(values[i]);
      const Vector out = network(in);
      s[i] = mlp.magnitude ? out[0] * std::exp(out[1] / 1000) : out[0];
    }
    if (mlp.normalise_update) divide(s);
    for (size_t i = 0; i < n; i++) theta[i] -= rate * (s[i] + weight_decay * theta[i]);
  }

 private:
  static size_t inputs_of(const Mlp& mlp, Mlp::Feature feature) {
    switch (feature) {
      case Mlp::kMomentum:
      case Mlp::kMomentumOverRoot: return mlp.momenta;
      case Mlp::kTime: return 11;
      case Mlp::kGradient:
      case Mlp::kClippedGradient:
      case Mlp::kParameter:
      case Mlp::kSecondMoment:
      case Mlp::kInverseRoot:
      case Mlp::kGradientOverRoot: return 1;
      default: return mlp.factored;
    }
  }

  void divide(Vector& values) const {
    double squares = 0;
    for (const double v : values) squares += v * v;
    const double root = std::sqrt(squares / double(values.size()) + mlp.epsilon_normalisation);
    for (double& v : values) v /= root;
  }

  void factored(bool vector, size_t rows, size_t columns, const Vector& g, Moments& state, int k, Vector& factor) const {
    const double b = beta[mlp.momenta + 1 + k], a = rest[mlp.momenta + 1 + k];
    if (vector) {
      for (size_t i = 0; i < columns; i++) {
        state.column[k][i] = b * state.column[k][i] + a * (g[i] * g[i] + 1e-30);
        factor[i] = 1 / std::sqrt(state.column[k][i] + 1e-9);
      }
      return;
    }
    double mean = 0;
    for (size_t r = 0; r < rows; r++) {
      double sum = 0;
      for (size_t c = 0; c < columns; c++) sum += g[r * columns + c] * g[r * columns + c];
      state.row[k][r] = b * state.row[k][r] + a * (sum / double(columns) + 1e-30);
      mean += state.row[k][r] / double(rows);
    }
    for (size_t c = 0; c < columns; c++) {
      double sum = 0;
      for (size_t r = 0; r < rows; r++) sum += g[r * columns + c] * g[r * columns + c];
      state.column[k][c] = b * state.column[k][c] + a * (sum / double(rows) + 1e-30);
    }
    for (size_t i = 0; i < rows * columns; i++)
      factor[i] = 1 / std::sqrt(std::fmax(state.row[k][i / columns] / (mean + 1e-9), 1e-9)) /
                  std::sqrt(std::fmax(state.column[k][i % columns], 1e-9));
  }

  double value(Mlp::Feature feature, size_t k, bool vector, size_t r, size_t c, size_t i, const double* theta, const Vector& g,
               const Moments& state, const std::vector<Vector>& factor, long t) const {
    static const double times[] = {1, 3, 10, 30, 100, 300, 1e3, 3e3, 1e4, 3e4, 1e5};
    const auto row = [&] { return vector ? state.column[k][c] : state.row[k][r]; };
    const double root = 1 / std::sqrt(state.second[i] + mlp.epsilon_moment);
    switch (feature) {
      case Mlp::kGradient: return g[i];
      case Mlp::kClippedGradient: return std::fmin(std::fmax(g[i], -.1), .1);
      case Mlp::kParameter: return theta[i];
      case Mlp::kMomentum: return state.momentum[k][i];
      case Mlp::kSecondMoment: return state.second[i];
      case Mlp::kMomentumOverRoot: return state.momentum[k][i] * root;
      case Mlp::kInverseRoot: return root;
      case Mlp::kFactoredGradient: return g[i] * factor[k][i];
      case Mlp::kGradientOverRoot: return g[i] * root;
      case Mlp::kRow: return row();
      case Mlp::kColumn: return state.column[k][c];
      case Mlp::kInverseRootRow: return 1 / std::sqrt(row() + mlp.epsilon_factored);
      case Mlp::kInverseRootColumn: return 1 / std::sqrt(state.column[k][c] + mlp.epsilon_factored);
      case Mlp::kFactoredMomentum: return state.momentum[k][i] * factor[k][i];
      default: return std::tanh(double(t) / times[k] - 1);
    }
  }

  Vector network(Vector x) const {
    size_t at = 0;
    for (int l = 0; l <= mlp.hidden_layers; l++) {
      const size_t units = l < mlp.hidden_layers ? mlp.hidden[l] : mlp.magnitude ? 2 : 1;
      Vector z(units);
      for (size_t j = 0; j < units; j++) {
        z[j] = phi[at + x.size() * units + j];
        for (size_t i = 0; i < x.size(); i++) z[j] += x[i] * phi[at + i * units + j];
        if (l < mlp.hidden_layers) z[j] = std::fmax(z[j], 0);
      }
      at += (x.size() + 1) * units;
      x = z;
    }
    return x;
  }
};

/** A function of some tensors, its θ and the optimizer's state. */
struct Optimised {
  std::vector<Tensor> tensors;
  Vector theta;
  /** Of each matrix in turn. */
  std::vector<Moments> moments;

  Optimised(const Mlp& mlp, const std::vector<Tensor>& t, const Vector& start) : tensors(t), theta(start) {
    for (const Tensor& tensor : tensors) {
      const size_t n = tensor.rows * tensor.columns;
      for (long k = 0; k < tensor.matrices; k++)
        moments.push_back({std::vector<Vector>(mlp.momenta, Vector(n)), std::vector<Vector>(tensor.vector ? 0 : mlp.factored, Vector(tensor.rows)),
                           std::vector<Vector>(mlp.factored, Vector(tensor.columns)), Vector(n)});
    }
  }

  void step(const MlpOptimizer& optimizer, const Vector& gradient, long t, double rate, double weight_decay) {
    size_t at = 0;
    for (const Tensor& tensor : tensors)
      for (long k = 0; k < tensor.matrices; k++) {
        const long n = tensor.rows * tensor.columns, first = tensor.offset + k * n;
        const Vector own(gradient.begin() + first, gradient.begin() + first + n);
        optimizer.step(tensor.vector, tensor.rows, tensor.columns, &theta[first], own, moments[at++], t, rate, weight_decay);
      }
  }

  /** Calls visit(number, place) for the state of function b of B, [rows, B, items] per array. @returns its size */
  template <class Visit>
  size_t each(size_t b, size_t count, const Visit& visit) {
    size_t base = 0, at = 0;
    for (const Tensor& tensor : tensors) {
      const size_t matrices = tensor.matrices;
      const auto array = [&](auto member) {
        const size_t rows = (moments[at].*member).size();
        for (size_t k = 0; k < rows; k++) {
          const size_t items = (moments[at].*member)[k].size();
          for (size_t m = 0; m < matrices; m++)
            for (size_t i = 0; i < items; i++) visit((moments[at + m].*member)[k][i], base + b * matrices * items + m * items + i);
          base += count * matrices * items;
        }
      };
      array(&Moments::momentum);
      const size_t n = tensor.rows * tensor.columns;
      for (size_t m = 0; m < matrices; m++)
        for (size_t i = 0; i < n; i++) visit(moments[at + m].second[i], base + b * matrices * n + m * n + i);
      base += count * matrices * n;
      array(&Moments::row);
      array(&Moments::column);
      at += matrices;
    }
    return base;
  }
};

}  // namespace reference
