#pragma once
// The layout of an LSTM for blocks of NB vectors of coordinates: sizes, offsets, packed weights.
//
// An input projection is linear and feeds only the first map, so it is folded into that: the kernels handle a network of 1
// or 2 inputs, LSTM layers and an output, and the projection's gradient follows exactly from the folded map's.
//
// Rows of gates are ordered by unit: gate g (input, forget, cell, output) of unit u is row 4 u + g; in φ it is column
// g H + u.
#include "../../engine/task.h"
#include "../activations.h"
#include "../memory.h"
#include "../tiles.h"

namespace metadescent::METADESCENT_ISA {

struct Layer {
  /** Width of the input: the network's inputs, or the units of the layer below. */
  int below;
  int units;
  /** Units, rounded up to whole tiles; the padding has weights of zero and stays at zero. */
  int padded;
  /** 4 units, rounded up to whole vectors. */
  int gates;
  /** Offsets of its kernel and bias in φ. */
  long phi_kernel, phi_bias;
  /** Scaled for the activations; for each tile, [units + below][4 kUnits]: own h first, since it is ready before x. */
  float* forward;
  float* bias;
  /** For {@link back_product}: from dz to dL/dh of this layer at the previous step, and of the layer below. */
  float* to_self;
  float* to_below;
  /** Offsets of its part of a step's record, of a state and of the sums. */
  long record_h, record_factors;
  long state_h, state_c;
  long sums_self, sums_below, sums_bias;
};

struct Plan {
  const Network* network;
  int inputs;
  int layers;
  Layer layer[kMaxLayers];
  /** Input width of the output map. */
  int top;
  /** With a projection, scratch for its folded map, [inputs + 1][columns], with its bias in the last row. */
  float* folded;
  /** Output map times the output scale, [top], then its bias. */
  float* output;
  float output_scale;
  /** Offset of the output's kernel, then bias, in φ (which begins with the projection's); and the size of φ. */
  long phi_output, phi_size;
  /** Sizes in vectors per vector of a block: a step's record, which begins with the inputs, and a state. */
  long record, state;
  /** Rows of an episode's h and c: 2 per unit. */
  long rows;
  /** Floats of one set of sums, and the offset of the output map's, which are [top + 1] vectors. */
  long sums, sums_output;
  int max_padded, max_gates;
};

/** The plan's sizes and offsets, without weights. */
template <int NB>
inline Plan plan_of(const Network& network) {
  Plan p{};
  p.network = &network;
  p.inputs = network.preprocessing.kind == Preprocessing::kNone ? 1 : 2;
  p.layers = network.layers;
  p.output_scale = static_cast<float>(network.output_scale);
  p.record = p.inputs;
  long phi = 0;
  int width = p.inputs;
  if (network.projection > 0) {
    phi += (width + 1) * static_cast<long>(network.projection);
    width = network.projection;
  }
  int below = p.inputs;
  for (int l = 0; l < p.layers; l++) {
    Layer& layer = p.layer[l];
    const int units = network.units[l];
    layer.below = below;
    layer.units = units;
    layer.padded = round_up(units, kUnits<NB>);
    layer.gates = round_up(4 * units, kLanes);
    layer.phi_kernel = phi;
    layer.phi_bias = phi + static_cast<long>(width + units) * 4 * units;
    phi = layer.phi_bias + 4 * units;
    layer.record_h = p.record;
    layer.record_factors = p.record + layer.padded;
    p.record += layer.padded * (1 + kFactors);
    layer.state_h = p.state;
    layer.state_c = p.state + layer.padded;
    p.state += 2 * layer.padded;
    p.rows += 2 * units;
    layer.sums_self = p.sums;
    layer.sums_below = layer.sums_self + static_cast<long>(units) * layer.gates;
    layer.sums_bias = layer.sums_below + static_cast<long>(below) * layer.gates;
    p.sums = layer.sums_bias + layer.gates;
    if (layer.padded > p.max_padded) p.max_padded = layer.padded;
    if (layer.gates > p.max_gates) p.max_gates = layer.gates;
    below = width = units;
  }
  p.top = below;
  p.phi_output = phi;
  p.phi_size = phi + width + 1;
  p.sums_output = p.sums;
  p.sums += (p.top + 1L) * kLanes;
  return p;
}

}  // namespace metadescent::METADESCENT_ISA
