import { ladder } from '../../../contract/losses.js';
import { type Extent, type LevelBucket, openFrom } from './layout.js';

/** A part of an attempt's losses: the meta-iterations [from, to). */
export interface Segment {
  readonly attempt: number;
  readonly extent: Extent;
  readonly from: number;
  readonly to: number;
}

/** What a segment is made of: buckets of a level, the extent's open bucket, or points. */
export type Piece = Segment &
  (
    | { readonly of: 'buckets'; readonly width: number }
    | { readonly of: 'open bucket'; readonly open: LevelBucket }
    | { readonly of: 'points' }
  );

/** The meta-iterations [from, to) by the latest attempt that has each of them, in order. */
export function segmentsOf(extents: ReadonlyMap<number, Extent>, from: number, to: number): Segment[] {
  const segments: Segment[] = [];
  let free = from < to ? [{ from, to }] : [];
  for (const [attempt, extent] of [...extents].sort(([a], [b]) => b - a)) {
    free = free.flatMap((gap) => {
      const low = Math.max(gap.from, extent.first);
      const high = Math.min(gap.to, extent.end);
      if (low >= high) return [gap];
      segments.push({ attempt, extent, from: low, to: high });
      return [
        { from: gap.from, to: low },
        { from: high, to: gap.to },
      ].filter((rest) => rest.from < rest.to);
    });
  }
  return segments.sort((a, b) => a.from - b.from);
}

/** What makes up the segment, in order, with buckets of at most `width`: as wide as possible, and exact. */
export function piecesOf(segment: Segment, width: number): Piece[] {
  const { extent, from, to } = segment;
  const { open } = extent;
  if (width < extent.base || open === null) return [{ ...segment, of: 'points' }];
  const start = Math.max(extent.first, openFrom(extent));
  if (to < extent.end || from > start) return completePieces(segment, width);
  const last: Piece = { ...segment, from: start, of: 'open bucket', open };
  return from < start ? [...completePieces({ ...segment, to: start }, width), last] : [last];
}

/** The same, without the open bucket. */
function completePieces(segment: Segment, width: number): Piece[] {
  const { extent, from, to } = segment;
  if (width > extent.top) return completePieces(segment, extent.top);
  if (width < extent.base) return [{ ...segment, of: 'points' }];
  const down = (iteration: number) => Math.floor(iteration / width) * width;
  // Before the attempt's first meta-iteration, its buckets have nothing.
  const low = from === extent.first ? down(from) : Math.ceil(from / width) * width;
  const high = down(Math.min(to, openFrom(extent)));
  const narrower = width / ladder;
  if (low >= high) return completePieces(segment, narrower);
  return [
    ...(from < low ? completePieces({ ...segment, to: low }, narrower) : []),
    { ...segment, of: 'buckets', width, from: low, to: high },
    ...(high < to ? completePieces({ ...segment, from: high }, narrower) : []),
  ];
}
