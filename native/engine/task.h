#pragma once
// The interface between the addon and the kernels: only plain data and declarations, nothing that compiles to code, since
// translation units of every instruction set include this header.

namespace metadescent {

class Pool;
struct MlpKernels;

constexpr int kMaxLayers = 8;

struct Preprocessing {
  enum Kind { kNone, kPaper, kDeepMind };
  Kind kind;
  /** 1/p or 1/k */
  float log_scale;
  /** e^p or e^k */
  float linear_scale;
  /** e^-p */
  float threshold;
};

/** A coordinatewise LSTM, as LstmSpec describes it. */
struct Network {
  Preprocessing preprocessing;
  /** Width of the input projection; 0 for none. */
  int projection;
  int layers;
  int units[kMaxLayers];
  double output_scale;
};

constexpr int kMaxPerceptronLayers = 17;

/** The mini-batches of a function that learns from examples. */
struct MiniBatches {
  /** Examples per function and step. */
  long batch;
  /** [examples, width], 0 … 255, and their classes [examples]. */
  const unsigned char* inputs;
  const unsigned char* labels;
  /** The examples of each step, [steps, B, batch]. */
  long steps;
  const int* rows;
  long examples;
};

/** A multi-layer perceptron. */
struct Perceptron : MiniBatches {
  enum Activation { kSigmoid, kTanh, kRelu, kGelu };
  /**
   * The mean over the mini-batch of the softmax cross-entropy; of the squared distance to the class as a one-hot vector;
   * or, for outputs that go through a sigmoid, of their mean squared distance to the inputs.
   */
  enum Loss { kCrossEntropy, kSquaredError, kReconstruction };
  Activation activation;
  Loss loss;
  /** Each function's own number for each class, [B, classes]; null where the labels are as given. */
  const float* classes;
  int layers;
  /** The number of inputs, then the units of each layer. */
  int widths[kMaxPerceptronLayers + 1];
};

constexpr int kMaxConvNetLayers = 10;

/** A network of convolutions, then of fully connected layers, on images side × side × widths[0]. */
struct ConvNet : MiniBatches {
  int side;
  /** Rows and columns of the convolution kernels. */
  int kernel;
  bool batch_norm;
  int convolutions;
  int layers;
  /** The images' channels, then those of each convolution, then the units of each fully connected layer. */
  int widths[kMaxConvNetLayers + 1];
};

/** B functions of one family, each of d coordinates. */
struct Functions {
  enum Family { kSimple, kParabola, kQuadratic, kPerceptron, kConvNet };
  Family family;
  long count;
  long dimension;
  /** The parabola's s, or the quadratic's W and y, each [B, …]; none for other families. */
  const float* data[2];
  /** Used by the family of that name. */
  Perceptron perceptron;
  ConvNet conv_net;
  /** c [B, d] of f(c∘θ), whose gradient is c∘∇f(c∘θ); or null for 1. */
  const float* scale;

  bool of_examples() const { return family == kPerceptron || family == kConvNet; }
  const MiniBatches& mini_batches() const {
    if (family == kConvNet) return conv_net;
    return perceptron;
  }
};

/** What of a loss f counts: itself, log(max(f, 0) + kLogOffset), or f/|f(θ_0)|. */
enum Objective { kLoss, kLog, kRelative };
constexpr double kLogOffset = 1e-8;

/** θ_{t+1} = θ_t + α_t (g_t - λ θ_t), where g_t is the network's update. */
struct Rates {
  /** α_t of each step; null for 1. */
  const float* each;
  /** λ */
  double decay;
};

/** T steps of an episode, and the meta-gradient where `gradient` is set. */
struct Unroll {
  Network network;
  Functions functions;
  const float* phi;
  long steps;
  /** w_t of f(θ_t), t = 0 … T; not used if `gradient` is null. */
  const double* weights;
  /** θ [B, d], replaced by the final one. */
  float* theta;
  /** h, then c, of each layer in turn, each [units, B d]; replaced by the final ones. */
  float* hidden;
  /** Whether `hidden` is all zeros, so that the first step need not read it. */
  bool fresh;
  /** Steps between states that are kept for the backward pass, which recomputes the others. */
  long segment;
  Rates rates;
  /** [T + 1, B] */
  float* losses;
  /** dL/dφ, or null. */
  float* gradient;
  Objective objective;
  /** f(θ_0) [B] for kRelative; null if the functions begin with this unroll. */
  const float* initial;
};

/** One step of N coordinates whose gradient the caller has computed. */
struct Step {
  Network network;
  const float* phi;
  long coordinates;
  /** ∇f(θ) [N] */
  const float* gradient;
  /** [N], added to. */
  float* theta;
  /** Like an unroll's. */
  float* hidden;
  bool fresh;
  Rates rates;
};

/** The meta-gradient of T such steps, from what the caller has kept of them. */
struct Back {
  Network network;
  const float* phi;
  long coordinates;
  long steps;
  /** ∇f(θ_t) [T + 1, N] */
  const float* gradients;
  /** What the network saw of them, [T, N]; null if it saw the gradients themselves. */
  const float* observed;
  /** `hidden` before each step whose number is a multiple of `segment`: [segments, …]. */
  long segment;
  const float* saved;
  /** Whether the first of these states is all zeros. */
  bool fresh;
  Rates rates;
  /** dL/df(θ_t), t = 0 … T */
  const double* weights;
  /** dL/dφ */
  float* gradient;
};

/** f(θ) [B] and ∇f(θ) [B, d]. */
struct Evaluation {
  Functions functions;
  const float* theta;
  float* losses;
  float* gradient;
};

/**
 * A step of the meta-optimizer on φ: the gradient is clipped to a norm (infinite for none), Adam's moments are updated in
 * place, and the corrections are 1 - β^t for this step.
 */
struct Descent {
  long size;
  float* phi;
  const float* gradient;
  float *m, *v;
  /** Receives the gradient's norm, and 1 where φ and Adam's means are finite still, else 0. */
  double* descended;
  double clip_norm;
  double learning_rate, beta1, beta2, epsilon, correction1, correction2;
};

/**
 * Matrices [rows, columns] whose singular values are brought near 1, in place: p(…p(σ/(‖·‖ + norm_floor))) with
 * p(σ) = a σ + b σ³ + c σ⁵.
 */
struct Orthogonalisation {
  long count, rows, columns;
  double* matrices;
  int iterations;
  double a, b, c, norm_floor;
};

/** The kernels of one instruction set. */
struct Kernels {
  const char* name;
  void (*unroll)(const Unroll&, Pool&);
  void (*step)(const Step&, Pool&);
  void (*back)(const Back&, Pool&);
  void (*evaluate)(const Evaluation&, Pool&);
  void (*descend)(const Descent&);
  void (*orthogonalise)(const Orthogonalisation&, Pool&);
  const MlpKernels* mlp;
};

}  // namespace metadescent
