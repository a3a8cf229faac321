#pragma once
// MLP optimizers, and the tensors that they move, from the objects that describe them
// (src/core/engines/native/mlp-arguments.ts).
#include "fields.h"
#include "mlp.h"

namespace metadescent {

/** Reads an MlpSpec's fields, features as their places in the contract's list. */
Mlp mlp_from(Fields fields);

/** Reads the optional field `precision`, of products. */
Precision precision_from(Fields& fields);

/** The number of weights φ. */
size_t phi_size(const Mlp& mlp);

/** Reads [matrices, rows, columns] of each tensor of θ, one after another; a vector has 0 matrices and 1 row. */
std::vector<Tensor> tensors_from(Fields& fields, const char* name);

/** Coordinates of a function of such tensors. */
size_t dimension_of(const std::vector<Tensor>& tensors);

/** Floats of the optimizer's state per function. */
size_t state_size(const Mlp& mlp, const std::vector<Tensor>& tensors);

}  // namespace metadescent
