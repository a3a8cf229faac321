#include "mlp_descriptors.h"

#include <cmath>

namespace metadescent {
namespace {

/** Decays, each at least 0 and below 1. */
int read_decays(Fields& f, const char* name, double (&to)[kMaxDecays]) {
  const Array<double> decays = f.array<double>(name);
  if (decays.length < 1 || decays.length > kMaxDecays) throw std::invalid_argument(std::string(name) + ": expected 1 to 8 decays");
  for (size_t k = 0; k < decays.length; k++) to[k] = decays.data[k];
  return static_cast<int>(decays.length);
}

void read_features(Fields& f, Mlp& mlp) {
  const Array<int> features = f.array<int>("features");
  bool seen[Mlp::kFeatures] = {};
  if (features.length < 1 || features.length > Mlp::kFeatures) throw std::invalid_argument("features: expected 1 to 15");
  for (size_t i = 0; i < features.length; i++) {
    const int feature = features.data[i];
    if (feature < 0 || feature >= Mlp::kFeatures || seen[feature]) throw std::invalid_argument("features: one is not there, or twice");
    seen[feature] = true;
    mlp.feature[i] = static_cast<Mlp::Feature>(feature);
  }
  mlp.features = static_cast<int>(features.length);
  mlp.vector_features = static_cast<int>(f.integer("vectorFeatures", 1));
  if (mlp.vector_features > mlp.features) throw std::invalid_argument("vectorFeatures: expected at most as many as features");
  if (seen[Mlp::kFactoredMomentum] && mlp.factored != mlp.momenta)
    throw std::invalid_argument("factored: expected as many decays as momenta");
}

size_t network_inputs(const Mlp& mlp) {
  size_t count = 0;
  for (int i = 0; i < mlp.features; i++) count += inputs_of(mlp, mlp.feature[i]);
  return count;
}

}  // namespace

Mlp mlp_from(Fields f) {
  Mlp mlp{};
  mlp.momenta = read_decays(f, "momenta", mlp.momentum);
  mlp.factored = read_decays(f, "factored", mlp.factored_moment);
  mlp.second_moment = f.number("secondMoment");
  read_features(f, mlp);
  mlp.learn_decays = f.flag("learnDecays");
  mlp.maximum_gradient = f.has("maximumGradient") ? static_cast<float>(f.number("maximumGradient")) : INFINITY;
  mlp.epsilon_moment = static_cast<float>(f.number("epsilonMoment"));
  mlp.epsilon_factored = static_cast<float>(f.number("epsilonFactored"));
  mlp.epsilon_normalisation = static_cast<float>(f.number("epsilonNormalisation"));
  mlp.normalise_features = f.flag("normaliseFeatures");
  mlp.normalise_update = f.flag("normaliseUpdate");
  mlp.magnitude = f.flag("magnitude");
  const std::vector<int> hidden = f.integers("hidden", 0, kMaxHiddenLayers);
  mlp.hidden_layers = static_cast<int>(hidden.size());
  for (size_t l = 0; l < hidden.size(); l++) mlp.hidden[l] = hidden[l];
  f.done();
  return mlp;
}

Precision precision_from(Fields& f) {
  static constexpr const char* kNames[] = {"fp32", "bf16"};
  return f.has("precision") ? static_cast<Precision>(f.choice("precision", kNames)) : Precision::kFp32;
}

size_t phi_size(const Mlp& mlp) {
  size_t below = network_inputs(mlp), size = 0;
  for (int l = 0; l < mlp.hidden_layers; l++) {
    size += (below + 1) * mlp.hidden[l];
    below = mlp.hidden[l];
  }
  size += (below + 1) * (mlp.magnitude ? 2 : 1);
  return mlp.learn_decays ? size + mlp.momenta + 1 + mlp.factored : size;
}

std::vector<Tensor> tensors_from(Fields& fields, const char* name) {
  const Array<int> numbers = fields.array<int>(name);
  if (numbers.length == 0 || numbers.length % 3 != 0) throw std::invalid_argument(std::string(name) + ": expected three numbers per tensor");
  std::vector<Tensor> tensors;
  long offset = 0;
  for (size_t i = 0; i < numbers.length; i += 3) {
    const bool vector = numbers.data[i] == 0;
    Tensor t{offset, vector ? 1 : numbers.data[i], numbers.data[i + 1], numbers.data[i + 2], vector};
    if (t.matrices < 1 || t.rows < 1 || t.columns < 1 || (vector && t.rows != 1))
      throw std::invalid_argument(std::string(name) + ": a shape is impossible");
    offset += t.matrices * t.rows * t.columns;
    tensors.push_back(t);
  }
  return tensors;
}

size_t dimension_of(const std::vector<Tensor>& tensors) {
  const Tensor& last = tensors.back();
  return static_cast<size_t>(last.offset + last.matrices * last.rows * last.columns);
}

size_t state_size(const Mlp& mlp, const std::vector<Tensor>& tensors) {
  size_t size = 0;
  for (const Tensor& t : tensors) {
    const size_t factored = t.vector ? t.columns : t.matrices * (t.rows + t.columns);
    size += (mlp.momenta + 1) * static_cast<size_t>(t.matrices * t.rows * t.columns) + mlp.factored * factored;
  }
  return size;
}

}  // namespace metadescent
