#pragma once
// Parts of optimizers' steps, whose state is the caller's.
#include "fields.h"
#include "task.h"

namespace metadescent {

/** Reads a step's arrays and numbers; `descended` receives the gradient's norm and whether all is finite. */
Descent descent_from(Fields& fields);

/** Reads the matrices, as many as there are, and the polynomial. */
Orthogonalisation orthogonalisation_from(Fields& fields);

}  // namespace metadescent
