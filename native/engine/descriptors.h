#pragma once
// Networks and functions from the objects that describe them (src/core/engines/native/arguments.ts).
#include "fields.h"
#include "task.h"

namespace metadescent {

/** Reads {preprocess, constant, projection, outputScale, layers}. */
Network network_from(Fields fields);

/** The number of weights φ. */
size_t phi_size(const Network& network);

/** Floats of state per coordinate: h and c of each unit. */
size_t state_rows(const Network& network);

/** Reads {family, count, dimension, scale?} and what its family needs; not the rows of the mini-batches. */
Functions functions_from(Fields fields);

/** Coordinates of all functions. */
inline size_t coordinates_of(const Functions& f) { return static_cast<size_t>(f.count) * f.dimension; }

/** @throws std::invalid_argument unless all rows are examples, of classes that the functions have */
void check_rows(const Functions& f, const int* rows, size_t count);

/** Sets the rows of the mini-batches of some evaluations, from the field `rows`, if the functions learn from examples. */
void set_rows(Functions& f, Fields& fields, long evaluations);

}  // namespace metadescent
