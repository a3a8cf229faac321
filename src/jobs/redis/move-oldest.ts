import type { Redis } from 'ioredis';
import type { ArtifactStore } from '../artifacts.js';
import type { Holder } from './append-entries.js';
import { decodeLosses, positionOf } from './entries.js';
import { encodeLossFile, type LossBlock, lossFileName } from './losses/loss-file.js';
import { compare, type Position, start } from './position.js';
import { readPage } from './stream-pages.js';
import { trimStream } from './trim-stream.js';

/**
 * Removes the oldest entries of a job's stream, about `bytes` in total but never the newest, and moves their losses to
 * artifacts, one per attempt. If it fails half-way, points are in both for a while, with the same seq.
 */
export async function moveOldest(
  redis: Redis,
  artifacts: ArtifactStore,
  holder: Holder,
  newest: Position,
  bytes: number,
): Promise<void> {
  const blocks = new Map<number, LossBlock[]>();
  let moved = 0;
  let last: Position = start;
  while (moved < bytes) {
    const { entries } = await readPage(redis, holder.job, last);
    const older = entries.filter((entry) => compare(positionOf(entry), newest) < 0);
    if (older.length === 0) break;
    for (const entry of older) {
      if (moved >= bytes) break;
      last = positionOf(entry);
      const [, event, , points] = entry[1];
      moved += event!.length + (points?.length ?? 0) + 64;
      const losses = decodeLosses(entry);
      if (!losses) continue;
      if (!blocks.has(last.attempt)) blocks.set(last.attempt, []);
      blocks.get(last.attempt)!.push({ seq: last.seq, ...losses });
    }
  }
  for (const [attempt, ofAttempt] of blocks)
    await artifacts.put(holder.job, lossFileName(attempt, ofAttempt[0]!), encodeLossFile(ofAttempt));
  if (moved > 0) await trimStream(redis, holder, last, moved);
}
