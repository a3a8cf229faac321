/** Data sets of images that problems learn from, by name: their sizes, which those of a problem follow from. */

/** Images side × side × channels, and the number of their classes. */
export interface ImageShape {
  readonly side: number;
  /** 1: grey. 3: red, green and blue, the last index of an image. */
  readonly channels: 1 | 3;
  readonly classes: number;
}

/** A data set, or a variant of one: with smaller images, or in grey. */
export interface ImageSet extends ImageShape {
  readonly name: string;
  /** The data set that its images are made from: itself, if it is no variant. */
  readonly base: string;
}

/** The side of the variants NAME-8. */
export const smallSide = 8;

/** A data set and its variants: NAME-8 with images of 8 × 8, NAME-grey, NAME-8-grey. */
function withVariants(name: string, shape: ImageShape, sides = [shape.side, smallSide]): ImageSet[] {
  const bySide = [...new Set(sides.filter((side) => side <= shape.side))].map((side) => {
    return { name: side === shape.side ? name : `${name}-${side}`, ...shape, side, base: name };
  });
  if (shape.channels === 1) return bySide;
  return bySide.flatMap((set) => [set, { ...set, name: `${set.name}-grey`, channels: 1 as const }]);
}

const colours = { channels: 3 } as const;
const builtIn = [
  ...withVariants('digits', { side: 28, channels: 1, classes: 10 }),
  // Shapes are drawn at each size, not reduced.
  ...[8, 16, 32].flatMap((side) => withVariants(`shapes-${side}`, { side, ...colours, classes: 8 }, [side])),
  ...withVariants('cifar', { side: 32, ...colours, classes: 10 }),
];

const sets = new Map(builtIn.map((set) => [set.name, set]));

/** The names of all data sets and variants, in a list of its own that grows with {@link addImageSet}. */
export const imageSetNames: readonly string[] = [...sets.keys()];

/** All data sets and variants, in the order in which they are listed. */
export function imageSets(): ImageSet[] {
  return [...sets.values()];
}

/**
 * Adds a data set and its variants. Must be called before the first document is validated.
 * @throws RangeError where a name is taken or is not one for a data set
 */
export function addImageSet(name: string, shape: ImageShape): void {
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name) || /-(8|grey)$/.test(name))
    throw new RangeError(
      `"${name}" cannot name a data set: use up to 40 lower-case letters, digits and hyphens, without -8 or -grey at the end, which name its variants`,
    );
  const added = withVariants(name, shape);
  const taken = added.find((set) => sets.has(set.name));
  if (taken) throw new RangeError(`the name "${taken.name}" is taken`);
  for (const set of added) {
    sets.set(set.name, set);
    (imageSetNames as string[]).push(set.name);
  }
}

/** @throws UnknownImageSet for a spec that was validated with a data set that is not known here */
export function imageSet(name: string): ImageSet {
  const set = sets.get(name);
  if (!set) throw new UnknownImageSet(name);
  return set;
}

/** Numbers per image. */
export function imageWidth({ side, channels }: ImageShape): number {
  return side ** 2 * channels;
}

export class UnknownImageSet extends Error {
  override readonly name = 'UnknownImageSet';
  readonly code = 'unsupported';

  constructor(name: string) {
    super(
      `The data set "${name}" is not known here: start this process with --dataset, as the one that took the document.`,
    );
  }
}
