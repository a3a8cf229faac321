#pragma once
// MLP optimizers to test, and numbers for them.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "mlp.h"

using metadescent::Mlp;
using Floats = std::vector<float>;

inline int failures = 0;

inline void check(bool holds, const std::string& what, double value) {
  if (holds) return;
  failures++;
  std::printf("FAILED %s: %g\n", what.c_str(), value);
}

inline double distance(const Floats& a, const reference::Vector& b) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < b.size(); i++) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return std::sqrt(norm == 0 ? difference : difference / norm);
}

inline bool same(const Floats& a, const Floats& b) { return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0; }

inline Mlp celo() {
  Mlp mlp{};
  mlp.features = Mlp::kTime;
  for (int f = 0; f < mlp.features; f++) mlp.feature[f] = Mlp::Feature(f);
  mlp.vector_features = 9;
  mlp.momenta = mlp.factored = 3;
  const double decays[] = {.9, .99, .999};
  for (int k = 0; k < 3; k++) mlp.momentum[k] = mlp.factored_moment[k] = decays[k];
  mlp.second_moment = .95;
  mlp.maximum_gradient = 1000;
  mlp.epsilon_moment = mlp.epsilon_factored = 1e-8f;
  mlp.epsilon_normalisation = 1e-9f;
  mlp.normalise_features = mlp.normalise_update = true;
  mlp.hidden_layers = 2;
  mlp.hidden[0] = mlp.hidden[1] = 8;
  return mlp;
}

inline Mlp small() {
  Mlp mlp = celo();
  mlp.features = 0;
  for (int f = 0; f < Mlp::kFeatures; f++)
    if (f != Mlp::kClippedGradient && f != Mlp::kGradientOverRoot) mlp.feature[mlp.features++] = Mlp::Feature(f);
  mlp.vector_features = mlp.features;
  mlp.second_moment = .999;
  mlp.learn_decays = mlp.magnitude = true;
  mlp.maximum_gradient = INFINITY;
  mlp.epsilon_moment = 1e-6f;
  mlp.epsilon_normalisation = 1e-5f;
  mlp.normalise_update = false;
  mlp.hidden[0] = mlp.hidden[1] = 4;
  return mlp;
}

inline Mlp random_mlp(std::mt19937& random) {
  Mlp mlp = random() % 2 ? celo() : small();
  if (random() % 3 == 0) return mlp;
  std::shuffle(mlp.feature, mlp.feature + mlp.features, random);
  mlp.features = 1 + int(random() % mlp.features);
  mlp.vector_features = 1 + int(random() % mlp.features);
  mlp.momenta = mlp.factored = 1 + int(random() % 4);
  for (int k = 0; k < mlp.momenta; k++) mlp.momentum[k] = .1 + .2 * k, mlp.factored_moment[k] = .999 - .2 * k;
  mlp.learn_decays = random() % 2;
  mlp.normalise_features = random() % 4 > 0;
  // Without both the updates are huge.
  mlp.normalise_update = !mlp.normalise_features || random() % 2;
  mlp.magnitude = mlp.normalise_features && random() % 2;
  mlp.maximum_gradient = random() % 2 ? .05f : INFINITY;
  mlp.hidden_layers = int(random() % 4);
  for (int l = 0; l < mlp.hidden_layers; l++) mlp.hidden[l] = 1 + int(random() % 19);
  // Without normalisation inverse roots are large.
  mlp.epsilon_moment = mlp.epsilon_factored = mlp.normalise_features ? 1e-8f : .1f;
  return mlp;
}

inline Floats normals(size_t count, float size, std::mt19937& random) {
  std::normal_distribution<float> normal;
  Floats values(count);
  for (float& x : values) x = size * normal(random);
  return values;
}

inline reference::Vector exact(const Floats& values) { return reference::Vector(values.begin(), values.end()); }

/** Single precision's error may be magnified: an exact run whose numbers begin some roundings away shows by how much. */
inline double bound(double magnified) { return std::fmax(1e-4, 10 * magnified); }

inline reference::Vector nudged(reference::Vector values, std::mt19937& random) {
  std::normal_distribution<double> normal;
  for (double& x : values) x *= 1 + 1e-6 * normal(random);
  return values;
}
