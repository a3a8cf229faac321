#pragma once
// Mean softmax cross-entropy of a convolutional network on a mini-batch, and its gradient.
//
// Lanes run along a layer's output channels. A fully connected layer is a convolution on images of one pixel. Work is
// divided into groups of images only by shapes, and each sum over the mini-batch is taken in the images' order, so the bits
// are the same for any number of threads, or none. Batch normalisation needs all images of a layer, so the groups wait for
// each other there.
//
// Pooling comes before normalisation and ReLU: these are monotonic and elementwise, so the result is the same.
#include "../../engine/task.h"
#include "../memory.h"
#include "../parallel.h"
#include "../tiles.h"
#include "cross_entropy.h"

namespace metadescent::METADESCENT_ISA {

class ConvNetLoss {
  static constexpr long kGroups = 16;
  /** Accumulators of a tile: pixels in the forward and backward pass, entries of a kernel for its gradient. */
  static constexpr int kTile = kRegisters / 2;
  /** Added to a variance: as in the contract. */
  static constexpr double kEpsilon = 1e-3;

  struct Layer {
    /** Side of the input images, and after pooling. */
    long side, pooled;
    long kernel, inputs, outputs;
    /** The outputs, and the inputs, rounded up to whole vectors. */
    long width, height;
    /** Width of the zero padding, and pixels of a row with it. */
    long margin, row;
    /** Entries of a kernel: rows × columns × inputs. */
    long entries;
    /** Offsets of its parts in θ; `shifts` are added before ReLU: batch normalisation's offsets, or the biases. */
    long weights, biases, shifts;
    /** Kernels [entries][width]; and rotated for the backward pass, [kernel][kernel][outputs][height]. */
    float *packed, *turned;
    /** The layer's input, zero-padded: [batch][row][row][inputs]. */
    float* given;
    /** z [batch][side][side][width], and the same after pooling, [batch][pooled][pooled][width]. */
    float *sums, *largest;
    /** df/d(ReLU's output) [batch][pooled][pooled][outputs]. */
    float* delta;
    /** Per image and channel, [batch][width]: mean of z and squares about it; in the backward pass Σ dẑ and Σ dẑ ẑ. */
    float *first, *second;
    /** Per channel, [width]: mean, 1/√(variance + ε), shift; in the backward pass mean(dẑ) and mean(dẑ ẑ). */
    float *mean, *scale, *shift, *mean_delta, *mean_product;
    /** [groups][entries][width] */
    float* gradient;

    long picture() const { return row * row * inputs; }
    long pixels() const { return side * side; }
    long pooled_pixels() const { return pooled * pooled; }
  };

  const ConvNet* network;
  Layer layer[kMaxConvNetLayers];
  int last;
  /** Images per group, and the number of groups. */
  long size, groups;
  /** df/dz of an image, zero-padded, for each group. */
  float* around;
  long around_size;
  float* losses;

 public:
  /** Takes its memory; with a counting arena it only counts. */
  void prepare(const ConvNet& net, Arena& arena) {
    network = &net;
    last = net.layers - 1;
    size = (net.batch + kGroups - 1) / kGroups;
    groups = (net.batch + size - 1) / size;
    around_size = 0;
    long offset = 0, side = net.side;
    for (int l = 0; l <= last; l++) {
      Layer& to = layer[l];
      const bool convolves = l < net.convolutions;
      to.inputs = net.widths[l];
      if (l == net.convolutions) {
        to.inputs *= side * side;
        side = 1;
      }
      to.side = side;
      to.pooled = side = convolves && side > 1 ? side / 2 : side;
      to.kernel = convolves ? net.kernel : 1;
      to.outputs = net.widths[l + 1];
      to.width = round_up(static_cast<int>(to.outputs), kLanes);
      to.height = round_up(static_cast<int>(to.inputs), kLanes);
      to.margin = (to.kernel - 1) / 2;
      to.row = to.side + 2 * to.margin;
      to.entries = to.kernel * to.kernel * to.inputs;
      to.weights = offset;
      to.biases = offset + to.entries * to.outputs;
      offset = to.biases + to.outputs;
      to.shifts = to.biases;
      if (net.batch_norm && l < last) {
        to.shifts = offset;
        offset += to.outputs;
      }
      if (to.row * to.row * to.width > around_size) around_size = to.row * to.row * to.width;
      to.packed = arena.take<float>(to.entries * to.width);
      to.turned = arena.take<float>(to.kernel * to.kernel * to.outputs * to.height);
      // A vector load may extend beyond the last pixel.
      to.given = arena.take<float>(net.batch * to.picture() + kLanes);
      to.sums = arena.take<float>(net.batch * to.pixels() * to.width);
      to.largest = to.pooled == to.side ? to.sums : arena.take<float>(net.batch * to.pooled_pixels() * to.width);
      to.delta = arena.take<float>(net.batch * to.pooled_pixels() * to.outputs + kLanes);
      to.first = arena.take<float>(net.batch * to.width);
      to.second = arena.take<float>(net.batch * to.width);
      to.mean = arena.take<float>(to.width);
      to.scale = arena.take<float>(to.width);
      to.shift = arena.take<float>(to.width);
      to.mean_delta = arena.take<float>(to.width);
      to.mean_product = arena.take<float>(to.width);
      to.gradient = arena.take<float>(groups * to.entries * to.width);
    }
    around = arena.take<float>(groups * around_size);
    losses = arena.take<float>(net.batch);
  }

  /**
   * @param rows the examples of the mini-batch
   * @param pool the threads to work on, or null
   * @returns f(θ)
   */
  float evaluate(const float* theta, const int* rows, float* gradient, Pool* pool) const {
    each_piece(pool, network->layers, [&](long l) { pack(layer[l], theta); });
    for (int l = 0; l <= last; l++) {
      each_picture(pool, [&](long, long p) {
        if (l == 0) gather(p, rows[p]);
        else activate(layer[l - 1], layer[l], p);
        sum(layer[l], p);
        if (l < last) measure(layer[l], p);
        else losses[p] = cross_entropy(layer[l].sums + p * layer[l].width, layer[l].outputs, network->labels[rows[p]], network->batch);
      });
      if (l < last && network->batch_norm) normalise(layer[l]);
    }
    for (int l = last; l >= 0; l--) {
      const Layer& own = layer[l];
      each_picture(pool, [&](long group, long p) {
        float* dz = around + group * around_size;
        if (l < last) through_pooling(own, p, dz);
        else copy(own.sums + p * own.width, own.width, dz);
        weigh(own, p, dz, own.gradient + group * own.entries * own.width, p == group * size);
        if (l == 0) return;
        return_to(own, dz, layer[l - 1].delta + p * layer[l - 1].pooled_pixels() * layer[l - 1].outputs);
        through_relu(layer[l - 1], own, p);
      });
      collect(own, l == last, gradient, pool);
    }
    float total = 0;
    for (long p = 0; p < network->batch; p++) total += losses[p];
    return total / static_cast<float>(network->batch);
  }

 private:
  /** Calls work(group, image), with a group's images in order. */
  template <class F>
  void each_picture(Pool* pool, F&& work) const {
    each_piece(pool, groups, [&](long group) {
      const long end = (group + 1) * size < network->batch ? (group + 1) * size : network->batch;
      for (long p = group * size; p < end; p++) work(group, p);
    });
  }

  void pack(const Layer& l, const float* theta) const {
    const float* w = theta + l.weights;
    for (long e = 0; e < l.entries; e++)
      for (long o = 0; o < l.width; o++) l.packed[e * l.width + o] = o < l.outputs ? w[e * l.outputs + o] : 0;
    const long places = l.kernel * l.kernel;
    for (long place = 0; place < places; place++)
      for (long o = 0; o < l.outputs; o++)
        for (long c = 0; c < l.height; c++)
          l.turned[((places - 1 - place) * l.outputs + o) * l.height + c] = c < l.inputs ? w[(place * l.inputs + c) * l.outputs + o] : 0;
    for (long o = 0; o < l.width; o++) {
      l.mean[o] = l.mean_delta[o] = l.mean_product[o] = 0;
      l.scale[o] = 1;
      l.shift[o] = o < l.outputs ? theta[l.shifts + o] : 0;
    }
  }

  static void copy(const float* from, long n, float* to) {
    for (long i = 0; i < n; i++) to[i] = from[i];
  }
  static void clear(float* to, long n) {
    for (long i = 0; i < n; i++) to[i] = 0;
  }

  /** Stores the first `count` lanes of a vector. */
  static void store_some(float* to, V v, long count) {
    if (count >= kLanes) store(to, v);
    else
      for (long lane = 0; lane < count; lane++) to[lane] = v[lane];
  }

  /** Where a layer's image p has the pixel (i, j) of the layer below; a fully connected layer has them in a row. */
  float* given_at(const Layer& below, const Layer& l, long p, long i, long j) const {
    float* picture = l.given + p * l.picture();
    if (l.kernel == 1 && l.side == 1) return picture + (i * below.pooled + j) * below.outputs;
    return picture + ((i + l.margin) * l.row + j + l.margin) * l.inputs;
  }

  /** The images' channels, scaled to 0 … 1. */
  void gather(long p, int row) const {
    const Layer& l = layer[0];
    const long line = l.side * l.inputs;
    const unsigned char* from = network->inputs + row * l.side * line;
    float* to = l.given + p * l.picture();
    clear(to, l.picture());
    for (long i = 0; i < l.side; i++) {
      float* at = to + ((i + l.margin) * l.row + l.margin) * l.inputs;
      for (long x = 0; x < line; x++) at[x] = static_cast<float>(from[i * line + x]) * (1 / 255.f);
    }
  }

  /** Writes a layer's output for image p, normalised, shifted and rectified, into the next layer. */
  void activate(const Layer& l, const Layer& above, long p) const {
    clear(above.given + p * above.picture(), above.picture());
    for (long o = 0; o < l.outputs; o += kLanes) {
      const V mean = load(l.mean + o), scale = load(l.scale + o), shift = load(l.shift + o);
      for (long i = 0; i < l.pooled; i++)
        for (long j = 0; j < l.pooled; j++) {
          const V z = load(l.largest + ((p * l.pooled + i) * l.pooled + j) * l.width + o);
          store_some(given_at(l, above, p, i, j) + o, at_least((z - mean) * scale + shift, 0), l.outputs - o);
        }
    }
  }

  /**
   * A convolution of one zero-padded image.
   * @param row pixels per row, each of `stride` numbers, of which `inputs` count
   * @param kernels [k][k][inputs][width]
   * @param put called with an output's row, column and first channel, and the vector of channels from there
   */
  template <class F>
  static void convolve(const float* picture, long row, long stride, long inputs, long k, long side, const float* kernels, long width, F&& put) {
    for (long o = 0; o < width; o += kLanes)
      for (long i = 0; i < side; i++)
        for_tiles<kTile>(static_cast<int>(side), [&](int j, auto pixels) {
          constexpr int P = decltype(pixels)::value;
          V a[P] = {};
          for (long y = 0; y < k; y++) {
            const float* x = picture + ((i + y) * row + j) * stride;
            const float* w = kernels + y * k * inputs * width + o;
            for (long column = 0; column < k; column++)
              for (long c = 0; c < inputs; c++) {
                const V wc = load(w + (column * inputs + c) * width);
                UNROLL for (int n = 0; n < P; n++) a[n] = fma(set(x[(column + n) * stride + c]), wc, a[n]);
              }
          }
          for (int n = 0; n < P; n++) put(i, j + n, o, a[n]);
        });
  }

  /** z of an image, with biases only in the last layer: activate() adds the others' shifts. */
  void sum(const Layer& l, long p) const {
    const bool biased = &l == layer + last;
    float* z = l.sums + p * l.pixels() * l.width;
    convolve(l.given + p * l.picture(), l.row, l.inputs, l.inputs, l.kernel, l.side, l.packed, l.width,
             [&](long i, long j, long o, V v) { store(z + (i * l.side + j) * l.width + o, biased ? v + load(l.shift + o) : v); });
  }

  /** Pools an image; computes its channels' means, and squares about them. */
  void measure(const Layer& l, long p) const {
    const float* z = l.sums + p * l.pixels() * l.width;
    if (l.pooled < l.side)
      for (long i = 0; i < l.pooled; i++)
        for (long j = 0; j < l.pooled; j++)
          for (long o = 0; o < l.width; o += kLanes) {
            const float* corner = z + (2 * i * l.side + 2 * j) * l.width + o;
            const V top = larger(load(corner), load(corner + l.width));
            const V bottom = larger(load(corner + l.side * l.width), load(corner + (l.side + 1) * l.width));
            store(l.largest + ((p * l.pooled + i) * l.pooled + j) * l.width + o, larger(top, bottom));
          }
    if (!network->batch_norm) return;
    for (long o = 0; o < l.width; o += kLanes) {
      V sum{}, squares{};
      for (long n = 0; n < l.pixels(); n++) sum += load(z + n * l.width + o);
      const V mean = sum * set(1 / static_cast<float>(l.pixels()));
      for (long n = 0; n < l.pixels(); n++) {
        const V d = load(z + n * l.width + o) - mean;
        squares = fma(d, d, squares);
      }
      store(l.first + p * l.width + o, mean);
      store(l.second + p * l.width + o, squares);
    }
  }

  /** The larger; NaN where either is. */
  static V larger(V a, V b) { return select((a > b) | (a != a), a, b); }

  /** Mean and scale of each channel, from those of the images (Chan et al. 1979). */
  void normalise(const Layer& l) const {
    const double n = static_cast<double>(network->batch), pixels = static_cast<double>(l.pixels());
    for (long o = 0; o < l.outputs; o++) {
      double mean = 0, squares = 0;
      for (long p = 0; p < network->batch; p++) mean += l.first[p * l.width + o];
      mean /= n;
      for (long p = 0; p < network->batch; p++) {
        const double d = l.first[p * l.width + o] - mean;
        squares += l.second[p * l.width + o] + pixels * d * d;
      }
      l.mean[o] = static_cast<float>(mean);
      l.scale[o] = static_cast<float>(1 / __builtin_sqrt(squares / (n * pixels) + kEpsilon));
    }
  }

  /** Replaces df/d(ReLU's output) by df/dẑ, and computes its sums over the image. */
  void through_relu(const Layer& l, const Layer& above, long p) const {
    float* delta = l.delta + p * l.pooled_pixels() * l.outputs;
    for (long o = 0; o < l.outputs; o += kLanes) {
      const V mean = load(l.mean + o), scale = load(l.scale + o);
      V sum{}, products{};
      for (long i = 0; i < l.pooled; i++)
        for (long j = 0; j < l.pooled; j++) {
          const long pixel = i * l.pooled + j;
          const V normal = (load(l.largest + (p * l.pooled_pixels() + pixel) * l.width + o) - mean) * scale;
          const V value = load(given_at(l, above, p, i, j) + o);
          const V d = select(value > V{}, load(delta + pixel * l.outputs + o), V{});
          store_some(delta + pixel * l.outputs + o, d, l.outputs - o);
          sum += d;
          products = fma(d, normal, products);
        }
      store(l.first + p * l.width + o, sum);
      store(l.second + p * l.width + o, products);
    }
  }

  /**
   * df/dz of an image, zero-padded: where z was the maximum, its share of dẑ; with the derivatives through the
   * statistics, scale (dẑ - mean(dẑ) - ẑ mean(dẑ ẑ)).
   */
  void through_pooling(const Layer& l, long p, float* dz) const {
    clear(dz, l.row * l.row * l.width);
    const float* z = l.sums + p * l.pixels() * l.width;
    const float* largest = l.largest + p * l.pooled_pixels() * l.width;
    const float* delta = l.delta + p * l.pooled_pixels() * l.outputs;
    const long window = l.side / l.pooled;
    for (long o = 0; o < l.outputs; o += kLanes) {
      const V mean = load(l.mean + o), scale = load(l.scale + o);
      const V constant = load(l.mean_delta + o), slope = load(l.mean_product + o) * scale;
      for (long i = 0; i < l.pooled; i++)
        for (long j = 0; j < l.pooled; j++) {
          const V top = load(largest + (i * l.pooled + j) * l.width + o);
          const auto at = [&](long n) { return (i * window + n / window) * l.side + j * window + n % window; };
          V ties{};
          for (long n = 0; n < window * window; n++) ties += select(load(z + at(n) * l.width + o) == top, set(1), V{});
          const V share = load(delta + (i * l.pooled + j) * l.outputs + o) / ties;
          for (long n = 0; n < window * window; n++) {
            const V own = load(z + at(n) * l.width + o);
            const V passed = select(own == top, share, V{});
            const long y = at(n) / l.side + l.margin, x = at(n) % l.side + l.margin;
            store(dz + (y * l.row + x) * l.width + o, scale * (passed - constant - (own - mean) * slope));
          }
        }
    }
  }

  /** Adds an image's part of the kernels' gradient to its group's. */
  static void weigh(const Layer& l, long p, const float* dz, float* gradient, bool fresh) {
    const long line = l.kernel * l.inputs;
    for (long y = 0; y < l.kernel; y++)
      for (long o = 0; o < l.width; o += kLanes)
        for_tiles<kTile>(static_cast<int>(line), [&](int entry, auto entries) {
          constexpr int E = decltype(entries)::value;
          V a[E] = {};
          for (long i = 0; i < l.side; i++) {
            const float* x = l.given + p * l.picture() + (i + y) * l.row * l.inputs + entry;
            const float* d = dz + ((i + l.margin) * l.row + l.margin) * l.width + o;
            for (long j = 0; j < l.side; j++) {
              const V dj = load(d + j * l.width);
              UNROLL for (int e = 0; e < E; e++) a[e] = fma(set(x[j * l.inputs + e]), dj, a[e]);
            }
          }
          float* to = gradient + (y * line + entry) * l.width + o;
          for (int e = 0; e < E; e++) store(to + e * l.width, fresh ? a[e] : load(to + e * l.width) + a[e]);
        });
  }

  /** df/d(the layer's input). */
  static void return_to(const Layer& l, const float* dz, float* delta) {
    convolve(dz, l.row, l.width, l.outputs, l.kernel, l.side, l.turned, l.height, [&](long i, long j, long c, V v) {
      store_some(delta + (i * l.side + j) * l.inputs + c, v, l.inputs - c);
    });
  }

  /** Adds up the groups' gradients, and computes the means over the mini-batch that the layer below needs. */
  void collect(const Layer& l, bool is_last, float* gradient, Pool* pool) const {
    each_piece(pool, l.kernel, [&](long y) {
      const long line = l.kernel * l.inputs;
      for (long e = y * line; e < (y + 1) * line; e++)
        for (long o = 0; o < l.outputs; o++) {
          float total = 0;
          for (long g = 0; g < groups; g++) total += l.gradient[(g * l.entries + e) * l.width + o];
          gradient[l.weights + e * l.outputs + o] = total;
        }
    });
    for (long o = 0; o < l.outputs; o++) {
      double total = 0;
      for (long p = 0; p < network->batch; p++) total += (is_last ? l.sums : l.first)[p * l.width + o];
      // Subtracting the mean removes a bias too.
      gradient[l.biases + o] = 0;
      gradient[l.shifts + o] = static_cast<float>(total);
    }
    if (&l == layer || !network->batch_norm) return;
    const Layer& below = (&l)[-1];
    const double count = static_cast<double>(network->batch * below.pixels());
    for (long o = 0; o < below.outputs; o++) {
      double sum = 0, products = 0;
      for (long p = 0; p < network->batch; p++) {
        sum += below.first[p * below.width + o];
        products += below.second[p * below.width + o];
      }
      below.mean_delta[o] = static_cast<float>(sum / count);
      below.mean_product[o] = static_cast<float>(products / count);
    }
  }
};

}  // namespace metadescent::METADESCENT_ISA
