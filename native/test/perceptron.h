#pragma once
// The perceptron's losses in double, example by example.
#include "reference.h"

namespace reference {

using metadescent::Perceptron;

inline double activation(Perceptron::Activation kind, double z) {
  if (kind == Perceptron::kSigmoid) return 1 / (1 + std::exp(-z));
  if (kind == Perceptron::kGelu) return z / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (z + .044715 * z * z * z)));
  return kind == Perceptron::kTanh ? std::tanh(z) : std::fmax(z, 0);
}

/** The derivative, by the activation's value or by z. */
inline double slope(Perceptron::Activation kind, double value, double z) {
  if (kind == Perceptron::kSigmoid) return value * (1 - value);
  if (kind == Perceptron::kGelu) return (activation(kind, z + 1e-5) - activation(kind, z - 1e-5)) / 2e-5;
  return kind == Perceptron::kTanh ? 1 - value * value : value > 0;
}

/** The loss of one example, and df/dz. @param z the outputs' sums @param x the inputs */
inline double loss_of(const Perceptron& p, const Vector& z, const Vector& x, int label, Vector& dz) {
  dz = z;
  double loss = 0, sum = 0;
  const double outputs = double(z.size());
  switch (p.loss) {
    case Perceptron::kSquaredError:
      for (size_t i = 0; i < z.size(); i++) {
        dz[i] = 2 * (z[i] - (int(i) == label));
        loss += dz[i] * dz[i] / 4;
      }
      return loss;
    case Perceptron::kReconstruction:
      for (size_t i = 0; i < z.size(); i++) {
        const double y = 1 / (1 + std::exp(-z[i]));
        loss += (y - x[i]) * (y - x[i]) / outputs;
        dz[i] = 2 * (y - x[i]) * y * (1 - y) / outputs;
      }
      return loss;
    default:
      for (const double each : z) sum += std::exp(each);
      for (double& d : dz) d = std::exp(d) / sum;
      dz[label] -= 1;
      return std::log(sum) - z[label];
  }
}

/** @param rows the mini-batch's examples @param classes the function's own, or null @param gradient added to @returns f(θ) */
inline double perceptron(const Perceptron& p, const int* rows, const float* classes, const Vector& theta, Vector& gradient) {
  std::vector<Map> maps;
  size_t offset = 0;
  for (int l = 0; l < p.layers; l++) {
    maps.push_back({offset, p.widths[l], p.widths[l + 1]});
    offset += size_t(p.widths[l] + 1) * p.widths[l + 1];
  }
  double loss = 0;
  for (long e = 0; e < p.batch; e++) {
    Vector pixels;
    for (int i = 0; i < p.widths[0]; i++) pixels.push_back(p.inputs[long(rows[e]) * p.widths[0] + i] / 255.);
    std::vector<Vector> values{pixels}, sums{{}};
    for (int l = 0; l < p.layers; l++) {
      values.push_back(maps[l].apply(theta, values[l]));
      sums.push_back(values.back());
      if (l < p.layers - 1)
        for (double& z : values[l + 1]) z = activation(p.activation, z);
    }
    const int label = p.labels[rows[e]];
    Vector dz;
    loss += loss_of(p, values[p.layers], pixels, classes == nullptr ? label : int(classes[label]), dz) / double(p.batch);
    for (double& z : dz) z /= double(p.batch);
    for (int l = p.layers - 1; l >= 0; l--) {
      dz = maps[l].back(theta, values[l], dz, gradient);
      for (size_t i = 0; l > 0 && i < dz.size(); i++) dz[i] *= slope(p.activation, values[l][i], sums[l][i]);
    }
  }
  return loss;
}

}  // namespace reference
