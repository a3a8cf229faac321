#pragma once
// Perceptrons that are trained by MLP optimizers with weights of their own, as plain data.
#include "mlp.h"
#include "task.h"

namespace metadescent {

/** Lanes of the widest vectors. */
constexpr int kMaxParticles = 16;
/** Particles of a function: an antithetic pair, which shares its mini-batches. */
constexpr int kCopies = 2;

/** Functions of equal shape whose particles fill the lanes of a vector. */
struct PopulationGroup {
  /** Shape and loss only, which is no reconstruction: its examples, mini-batches and classes are the functions'. */
  Perceptron network;
  /** Whether c of f(c∘θ) differs within a tensor; otherwise it is one number per tensor. */
  bool scaled_coordinates;
  /** At most lanes / {@link kCopies}. */
  int functions;
  struct Function {
    /** Pictures [examples, width], 0 … 255, and their classes [examples]. */
    const unsigned char* inputs;
    const unsigned char* labels;
    /** Its own number for each class, or null. */
    const float* classes;
    /** The pictures of each step, [steps + 1, batch]. */
    const int* rows;
    /** α of each step, [steps]; and λ. */
    const float* rates;
    float weight_decay;
    /** Steps taken before. */
    long step;
    /** Its particles' weights of the optimizer, [copies, weights]. */
    const float* phi[kCopies];
    /** Its losses of the first step, [copies]; the next step's follow `loss_stride` later. */
    float* losses;
  } function[kMaxParticles / kCopies];
  long loss_stride;
  /** θ, the optimizer's state and c, as `bytes` counts them, on a 64-byte boundary. */
  void* memory;
};

struct PopulationTask {
  Mlp mlp;
  PopulationGroup* groups;
  int count;
  long steps;
};

/** What a lane holds of a particle, as src/core/engines/engine.ts lays out the state of an episode of one function. */
struct Particle {
  const Mlp* mlp;
  const PopulationGroup* group;
  int function, copy;
  /** [d], or null. */
  float* theta;
  /** Per tensor: momenta, second moment, and factored moments of its rows and columns, each [rows, items]; or null. */
  float* hidden;
  /** c [d], or null. */
  float* scale;
};

/** A step of B functions whose gradients the caller has computed. */
struct MlpStep {
  Mlp mlp;
  const float* phi;
  /** θ's tensors, in its order. */
  const Tensor* tensors;
  int tensor_count;
  /** B, and d. */
  long functions, dimension;
  /** Steps taken before. */
  long step;
  /** α, and λ. */
  float rate, weight_decay;
  /** [B, d] */
  float* theta;
  /** [B, d]; overwritten. */
  float* gradient;
  /** Per tensor: momenta, second moment, and factored moments of its rows and columns, each [rows, B, items]. */
  float* hidden;
};

struct MlpKernels {
  int lanes;
  /** Of a group's memory. */
  long (*bytes)(const Mlp&, const PopulationGroup&);
  void (*advance)(const PopulationTask&, Pool&);
  /** Fills a lane from a particle, or the particle from the lane. */
  void (*write)(const Particle&);
  void (*read)(const Particle&);
  void (*step)(const MlpStep&, Pool&);
};

}  // namespace metadescent
