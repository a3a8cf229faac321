#pragma once
// The perceptron's loss in double, example by example.
#include "reference.h"

namespace reference {

using metadescent::Perceptron;

inline double activation(Perceptron::Activation kind, double z) {
  if (kind == Perceptron::kSigmoid) return 1 / (1 + std::exp(-z));
  return kind == Perceptron::kTanh ? std::tanh(z) : std::fmax(z, 0);
}

/** The derivative, as a function of the activation's value. */
inline double slope(Perceptron::Activation kind, double value) {
  if (kind == Perceptron::kSigmoid) return value * (1 - value);
  return kind == Perceptron::kTanh ? 1 - value * value : value > 0;
}

/** @param rows the mini-batch's examples @param gradient added to @returns f(θ) */
inline double perceptron(const Perceptron& p, const int* rows, const Vector& theta, Vector& gradient) {
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
    std::vector<Vector> values{pixels};
    for (int l = 0; l < p.layers; l++) {
      values.push_back(maps[l].apply(theta, values[l]));
      if (l < p.layers - 1)
        for (double& z : values[l + 1]) z = activation(p.activation, z);
    }
    const int label = p.labels[rows[e]];
    Vector dz = values[p.layers];
    double sum = 0;
    for (const double z : dz) sum += std::exp(z);
    loss += (std::log(sum) - dz[label]) / double(p.batch);
    for (double& z : dz) z = std::exp(z) / sum / double(p.batch);
    dz[label] -= 1 / double(p.batch);
    for (int l = p.layers - 1; l >= 0; l--) {
      dz = maps[l].back(theta, values[l], dz, gradient);
      for (size_t i = 0; i < dz.size(); i++) dz[i] *= slope(p.activation, values[l][i]);
    }
  }
  return loss;
}

}  // namespace reference
