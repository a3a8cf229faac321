#include "descriptors.h"

#include <cmath>

namespace metadescent {
namespace {

/** The number of inputs and of coordinates of one function. */
struct Sizes {
  long width, coordinates;
};

Sizes sizes_of(const Perceptron& p) {
  Sizes sizes{p.widths[0], 0};
  for (int l = 0; l < p.layers; l++) sizes.coordinates += (p.widths[l] + 1L) * p.widths[l + 1];
  return sizes;
}

Sizes sizes_of(const ConvNet& n) {
  long side = n.side;
  Sizes sizes{side * side * n.widths[0], 0};
  for (int l = 0; l < n.layers; l++) {
    const bool convolves = l < n.convolutions;
    const long places = convolves ? n.kernel * n.kernel : l == n.convolutions ? side * side : 1;
    const long shifts = n.batch_norm && l < n.layers - 1 ? 2 : 1;
    sizes.coordinates += (places * n.widths[l] + shifts) * n.widths[l + 1];
    if (convolves && side > 1) side /= 2;
  }
  return sizes;
}

template <class Net>
void read_widths(Fields& f, Net& net, int most) {
  const std::vector<int> widths = f.integers("widths", 2, most + 1);
  net.layers = static_cast<int>(widths.size()) - 1;
  for (size_t l = 0; l < widths.size(); l++) net.widths[l] = widths[l];
}

void read_network(Fields& f, Perceptron& p) {
  static constexpr const char* kActivations[] = {"sigmoid", "tanh", "relu", "gelu"};
  static constexpr const char* kLosses[] = {"cross-entropy", "squared-error", "reconstruction"};
  p.activation = static_cast<Perceptron::Activation>(f.choice("activation", kActivations));
  p.loss = static_cast<Perceptron::Loss>(f.choice("loss", kLosses));
  read_widths(f, p, kMaxPerceptronLayers);
  if (p.loss == Perceptron::kReconstruction && p.widths[p.layers] != p.widths[0])
    throw std::invalid_argument("widths: expected as many outputs as inputs");
}

void read_network(Fields& f, ConvNet& n) {
  n.side = static_cast<int>(f.integer("side", 1));
  n.kernel = static_cast<int>(f.integer("kernel", 1));
  n.batch_norm = f.flag("batchNorm");
  read_widths(f, n, kMaxConvNetLayers);
  n.convolutions = static_cast<int>(f.integer("convolutions"));
  if (n.convolutions >= n.layers) throw std::invalid_argument("convolutions: expected fewer than layers");
}

/** The network of functions that learn from examples, the size of a mini-batch, and the examples. */
template <class Net>
void read_learner(Fields& f, long dimension, Net& net) {
  read_network(f, net);
  net.batch = f.integer("batch", 1);
  const Array<unsigned char> inputs = f.array<unsigned char>("inputs"), labels = f.array<unsigned char>("labels");
  const Sizes sizes = sizes_of(net);
  if (sizes.coordinates != dimension) throw std::invalid_argument("widths: they make other coordinates");
  if (inputs.length != labels.length * sizes.width) throw std::invalid_argument("inputs: expected a row for each label");
  net.inputs = inputs.data;
  net.labels = labels.data;
  net.examples = static_cast<long>(labels.length);
}

/** The number of classes; any number that a byte has where labels do not matter. */
int classes_of(const Perceptron& p) { return p.loss == Perceptron::kReconstruction ? 256 : p.widths[p.layers]; }
int classes_of(const ConvNet& n) { return n.widths[n.layers]; }

/** The functions' own numbers for the classes, or null. */
const float* read_classes(Fields& fields, const Functions& f) {
  const int count = classes_of(f.perceptron);
  const size_t size = static_cast<size_t>(f.count) * count;
  const float* classes = fields.optional<float>("classes", size);
  for (size_t i = 0; classes != nullptr && i < size; i++)
    if (!(classes[i] >= 0 && classes[i] < static_cast<float>(count))) throw std::invalid_argument("classes: one is not there");
  return classes;
}

template <class Net>
void check_rows_of(const Net& net, const int* rows, size_t count) {
  const int classes = classes_of(net);
  for (size_t i = 0; i < count; i++)
    if (rows[i] < 0 || rows[i] >= net.examples || net.labels[rows[i]] >= classes)
      throw std::invalid_argument("rows: one is not there, or of a class beyond the last layer's");
}

template <class Net>
void set_rows_of(Net& net, long count, Fields& fields, long evaluations) {
  const size_t size = static_cast<size_t>(evaluations) * count * net.batch;
  const int* rows = fields.array<int>("rows", size);
  check_rows_of(net, rows, size);
  net.rows = rows;
  net.steps = evaluations;
}

}  // namespace

Network network_from(Fields f) {
  static constexpr const char* kPreprocessings[] = {"none", "log-sign-paper", "log-sign-deepmind"};
  Network network{};
  network.preprocessing.kind = static_cast<Preprocessing::Kind>(f.choice("preprocess", kPreprocessings));
  const double constant = f.number("constant");
  network.preprocessing.log_scale = static_cast<float>(1 / constant);
  network.preprocessing.linear_scale = static_cast<float>(std::exp(constant));
  network.preprocessing.threshold = static_cast<float>(std::exp(-constant));
  network.projection = static_cast<int>(f.integer("projection"));
  network.output_scale = f.number("outputScale");
  const std::vector<int> units = f.integers("layers", 0, kMaxLayers);
  network.layers = static_cast<int>(units.size());
  for (size_t l = 0; l < units.size(); l++) network.units[l] = units[l];
  f.done();
  return network;
}

size_t phi_size(const Network& network) {
  size_t size = 0, width = network.preprocessing.kind == Preprocessing::kNone ? 1 : 2;
  if (network.projection > 0) {
    size += (width + 1) * network.projection;
    width = network.projection;
  }
  for (int l = 0; l < network.layers; l++) {
    size += (width + network.units[l] + 1) * 4 * network.units[l];
    width = network.units[l];
  }
  return size + width + 1;
}

size_t state_rows(const Network& network) {
  size_t units = 0;
  for (int l = 0; l < network.layers; l++) units += network.units[l];
  return 2 * units;
}

Functions functions_from(Fields fields) {
  static constexpr const char* kFamilies[] = {"simple", "parabola", "quadratic", "perceptron", "convolutional"};
  Functions f{};
  f.family = static_cast<Functions::Family>(fields.choice("family", kFamilies));
  f.count = fields.integer("count", 1);
  f.dimension = fields.integer("dimension", 1);
  const size_t n = coordinates_of(f);
  f.scale = fields.optional<float>("scale", n);
  switch (f.family) {
    case Functions::kParabola:
      f.data[0] = fields.array<float>("s", n);
      break;
    case Functions::kQuadratic:
      f.data[0] = fields.array<float>("W", n * f.dimension);
      f.data[1] = fields.array<float>("y", n);
      break;
    case Functions::kPerceptron:
      read_learner(fields, f.dimension, f.perceptron);
      f.perceptron.classes = read_classes(fields, f);
      break;
    case Functions::kConvNet:
      read_learner(fields, f.dimension, f.conv_net);
      break;
    default:
      break;
  }
  fields.done();
  return f;
}

void check_rows(const Functions& f, const int* rows, size_t count) {
  if (f.family == Functions::kPerceptron) check_rows_of(f.perceptron, rows, count);
  else if (f.family == Functions::kConvNet) check_rows_of(f.conv_net, rows, count);
}

void set_rows(Functions& f, Fields& fields, long evaluations) {
  if (f.family == Functions::kPerceptron) set_rows_of(f.perceptron, f.count, fields, evaluations);
  else if (f.family == Functions::kConvNet) set_rows_of(f.conv_net, f.count, fields, evaluations);
}

}  // namespace metadescent
