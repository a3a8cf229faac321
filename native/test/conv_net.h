#pragma once
// The convolutional network's loss in double, value by value, in the paper's order: convolution, batch normalisation, ReLU,
// max pooling.
#include "reference.h"

namespace reference {

using metadescent::ConvNet;

/** Values of all images of a mini-batch: [batch][side][side][channels]. */
struct Pictures {
  long batch, side, channels;
  Vector values;

  Pictures(long n, long s, long c) : batch(n), side(s), channels(c), values(size_t(n * s * s * c)) {}
  double& at(long p, long i, long j, long c) { return values[size_t(((p * side + i) * side + j) * channels + c)]; }
};

/** What a layer keeps for the backward pass. */
struct Convolved {
  long kernel, weights, biases, shifts;
  Pictures given, normal, rectified;
  Vector deviations;
};

/** Calls visit(image, input row and column, output row and column, place in the kernel) for every product. */
template <class F>
void meet(const Pictures& given, long kernel, F&& visit) {
  const long margin = (kernel - 1) / 2;
  for (long p = 0; p < given.batch; p++)
    for (long i = 0; i < given.side; i++)
      for (long j = 0; j < given.side; j++)
        for (long a = 0; a < kernel; a++)
          for (long b = 0; b < kernel; b++) {
            const long y = i + a - margin, x = j + b - margin;
            if (y >= 0 && y < given.side && x >= 0 && x < given.side) visit(p, y, x, i, j, a * kernel + b);
          }
}

/** @param rows the mini-batch's examples @param gradient added to @returns f(θ) */
inline double conv_net(const ConvNet& net, const int* rows, const Vector& theta, Vector& gradient) {
  const long n = net.batch;
  Pictures maps(n, net.side, net.widths[0]);
  for (long p = 0; p < n; p++)
    for (long v = 0; v < long(maps.values.size()) / n; v++)
      maps.values[p * (maps.values.size() / n) + v] = net.inputs[rows[p] * long(maps.values.size() / n) + v] / 255.;
  std::vector<Convolved> layers;
  long offset = 0;
  for (int l = 0; l < net.layers; l++) {
    const bool convolves = l < net.convolutions, last = l == net.layers - 1;
    if (l == net.convolutions) {
      maps.channels *= maps.side * maps.side;
      maps.side = 1;
    }
    const long kernel = convolves ? net.kernel : 1, inputs = maps.channels, outputs = net.widths[l + 1];
    const long weights = offset, biases = weights + kernel * kernel * inputs * outputs, shifts = biases + outputs;
    const bool normalises = net.batch_norm && !last;
    offset = shifts + (normalises ? outputs : 0);
    Pictures z(n, maps.side, outputs);
    for (size_t v = 0; v < z.values.size(); v++) z.values[v] = theta[biases + v % outputs];
    meet(maps, kernel, [&](long p, long y, long x, long i, long j, long place) {
      for (long c = 0; c < inputs; c++)
        for (long o = 0; o < outputs; o++) z.at(p, i, j, o) += maps.at(p, y, x, c) * theta[weights + (place * inputs + c) * outputs + o];
    });
    Vector deviations(outputs, 1);
    const size_t count = z.values.size() / outputs;
    for (long o = 0; normalises && o < outputs; o++) {
      double mean = 0, squares = 0;
      for (size_t v = 0; v < count; v++) mean += z.values[v * outputs + o] / double(count);
      for (size_t v = 0; v < count; v++) squares += std::pow(z.values[v * outputs + o] - mean, 2) / double(count);
      deviations[o] = std::sqrt(squares + 1e-3);
      for (size_t v = 0; v < count; v++) z.values[v * outputs + o] = (z.values[v * outputs + o] - mean) / deviations[o];
    }
    Pictures rectified = z;
    for (size_t v = 0; !last && v < z.values.size(); v++)
      rectified.values[v] = std::fmax(z.values[v] + (normalises ? theta[shifts + v % outputs] : 0), 0);
    layers.push_back({kernel, weights, biases, normalises ? shifts : -1, maps, z, rectified, deviations});
    if (convolves && maps.side > 1) {
      maps = Pictures(n, maps.side / 2, outputs);
      for (long p = 0; p < n; p++)
        for (long i = 0; i < 2 * maps.side; i++)
          for (long j = 0; j < 2 * maps.side; j++)
            for (long o = 0; o < outputs; o++)
              maps.at(p, i / 2, j / 2, o) = std::fmax(maps.at(p, i / 2, j / 2, o), rectified.at(p, i, j, o));
    } else {
      maps = rectified;
    }
  }

  double loss = 0;
  Pictures delta = maps;
  for (long p = 0; p < n; p++) {
    const int label = net.labels[rows[p]];
    double sum = 0;
    for (long o = 0; o < maps.channels; o++) sum += std::exp(maps.at(p, 0, 0, o));
    loss += (std::log(sum) - maps.at(p, 0, 0, label)) / double(n);
    for (long o = 0; o < maps.channels; o++) delta.at(p, 0, 0, o) = (std::exp(maps.at(p, 0, 0, o)) / sum - (o == label)) / double(n);
  }
  for (int l = net.layers - 1; l >= 0; l--) {
    Convolved& own = layers[l];
    const long side = own.given.side, inputs = own.given.channels, outputs = own.normal.channels;
    Pictures dz(n, side, outputs);
    const long window = l == net.layers - 1 ? 1 : side / delta.side;
    for (long p = 0; p < n; p++)
      for (long i = 0; i < side; i++)
        for (long j = 0; j < side; j++)
          for (long o = 0; o < outputs; o++) {
            const double value = own.rectified.at(p, i, j, o);
            long ties = 0;
            double largest = value;
            for (long w = 0; w < window * window; w++)
              largest = std::fmax(largest, own.rectified.at(p, i / window * window + w / window, j / window * window + w % window, o));
            for (long w = 0; w < window * window; w++)
              ties += own.rectified.at(p, i / window * window + w / window, j / window * window + w % window, o) == largest;
            const bool passes = l == net.layers - 1 || (value > 0 && value == largest);
            dz.at(p, i, j, o) = passes ? delta.at(p, i / window, j / window, o) / double(ties) : 0;
          }
    const size_t count = dz.values.size() / outputs;
    for (long o = 0; o < outputs; o++) {
      double sum = 0, products = 0;
      for (size_t v = 0; v < count; v++) {
        sum += dz.values[v * outputs + o];
        products += dz.values[v * outputs + o] * own.normal.values[v * outputs + o];
      }
      gradient[(own.shifts < 0 ? own.biases : own.shifts) + o] += sum;
      if (own.shifts < 0) continue;
      for (size_t v = 0; v < count; v++) {
        double& d = dz.values[v * outputs + o];
        d = (d - sum / double(count) - own.normal.values[v * outputs + o] * products / double(count)) / own.deviations[o];
      }
    }
    Pictures below(n, side, inputs);
    meet(own.given, own.kernel, [&](long p, long y, long x, long i, long j, long place) {
      for (long c = 0; c < inputs; c++)
        for (long o = 0; o < outputs; o++) {
          const long w = own.weights + (place * inputs + c) * outputs + o;
          gradient[w] += own.given.at(p, y, x, c) * dz.at(p, i, j, o);
          below.at(p, y, x, c) += theta[w] * dz.at(p, i, j, o);
        }
    });
    delta = below;
    if (l == net.convolutions && l > 0) {
      delta.channels = layers[l - 1].normal.channels;
      const long pixels = inputs / delta.channels;
      for (delta.side = 1; delta.side * delta.side < pixels;) delta.side *= 2;
    }
  }
  return loss;
}

}  // namespace reference
