/** Limits on the sizes of requests. */

/** Maximum bytes of a document: many times the longest job. */
export const documentLimit = 2 ** 20;

/** Maximum weights φ (256 MiB with the meta-optimizer's moments). */
export const maxWeights = 2 ** 24;

/** Maximum bytes of an upload: the maximum number of weights, and a header. */
export const uploadLimit = 4 * maxWeights + 2 ** 20;
