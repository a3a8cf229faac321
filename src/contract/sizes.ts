/** What a request may send. */

/** Bytes of a document: many times the longest job. */
export const documentLimit = 2 ** 20;

/** Weights φ (256 MiB with the meta-optimizer's moments). */
export const maxWeights = 2 ** 24;

/** Bytes of an upload: the most weights that there may be, and a header. */
export const uploadLimit = 4 * maxWeights + 2 ** 20;
