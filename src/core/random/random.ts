import { philox } from './philox.js';

/**
 * What draws are for. The purpose is a part of the counter: different purposes never share a function, whatever the
 * indices.
 */
export const Purpose = {
  initialisation: 0,
  training: 1,
  validation: 2,
  tuning: 3,
  comparison: 4,
  bootstrap: 5,
  /** Generated images of the data set of shapes. */
  images: 7,
  /** Horizons of functions in evolution strategies. */
  horizons: 8,
  /** Perturbations of φ in evolution strategies. */
  perturbations: 9,
} as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

const word = 2 ** 32;

/** Bits of a counter's third word for the purpose and for the source; the step has the others. */
const [purposeBits, sourceBits] = [4, 4];
/** Maximum sources of draws per function and step. */
export const maxSources = 2 ** sourceBits;

/**
 * A stream of random numbers, identified by (seed, purpose, index), or by those, a step and a source. Any stream can be
 * started again at any time, so a run resumes without saved random state. All methods consume words in order.
 */
export class RandomStream {
  private readonly block = new Uint32Array(4);
  private blocks = 0;
  private used = 4;
  private readonly use: number;

  /**
   * @param seed from 0 to 2^53 - 1
   * @param index from 0 to 2^53 - 1, such as the number of a function
   * @param step from 0 to 2^24 - 2, for draws at a step of that function
   * @param source from 0 to {@link maxSources} - 1, for one of several draws at a step
   */
  constructor(
    private readonly seed: number,
    purpose: Purpose,
    private readonly index: number,
    step?: number,
    source = 0,
  ) {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new RangeError(`seed ${seed}: expected an integer from 0 to 2^53 - 1`);
    if (!Number.isSafeInteger(index) || index < 0)
      throw new RangeError(`index ${index}: expected an integer from 0 to 2^53 - 1`);
    if (step !== undefined && !(Number.isInteger(step) && step >= 0 && step < 2 ** 24 - 1))
      throw new RangeError(`step ${step}: expected an integer from 0 to 2^24 - 2`);
    if (!Number.isInteger(source) || source < 0 || source >= maxSources)
      throw new RangeError(`source ${source}: expected an integer from 0 to ${maxSources - 1}`);
    this.use = purpose + 2 ** purposeBits * (source + maxSources * (step === undefined ? 0 : step + 1));
  }

  nextUint32(): number {
    if (this.used === 4) {
      const { seed, index } = this;
      const [indexHigh, seedHigh] = [Math.floor(index / word), Math.floor(seed / word)];
      philox(this.blocks++, index >>> 0, indexHigh, this.use, seed >>> 0, seedHigh, this.block);
      this.used = 0;
    }
    return this.block[this.used++]!;
  }

  /** An integer from 0 to bound - 1, each equally likely; bound is at most 2^32. */
  nextInt(bound: number): number {
    // Words beyond the last whole multiple of the bound would favour small numbers.
    const limit = word - (word % bound);
    let drawn = this.nextUint32();
    while (drawn >= limit) drawn = this.nextUint32();
    return drawn % bound;
  }

  /** Integers, each as {@link nextInt} draws it. */
  fillInts(out: Int32Array, bound: number): void {
    for (let i = 0; i < out.length; i++) out[i] = this.nextInt(bound);
  }

  /** U[low, high), in steps of 2^-24 of the range, each rounded to fp32. One word per number. */
  fillUniform(out: Float32Array, low = 0, high = 1): void {
    const scale = (high - low) / 2 ** 24;
    for (let i = 0; i < out.length; i++) out[i] = low + scale * (this.nextUint32() >>> 8);
  }

  /** N(mean, standardDeviation²) by Box and Muller's method in double precision, rounded to fp32. Two words per two numbers. */
  fillNormal(out: Float32Array, mean = 0, standardDeviation = 1): void {
    for (let i = 0; i < out.length; i += 2) {
      const radius = standardDeviation * Math.sqrt(-2 * Math.log((this.nextUint32() + 1) / word));
      const angle = (2 * Math.PI * this.nextUint32()) / word;
      out[i] = mean + radius * Math.cos(angle);
      if (i + 1 < out.length) out[i + 1] = mean + radius * Math.sin(angle);
    }
  }
}
