import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunEvent } from '../../src/contract/events.js';
import { EventPack } from '../../src/workers/event-pack.js';

/** Points that encode their position: 1000 × meta-iteration + index within it. */
function losses(iteration: number, perIteration = 4): RunEvent {
  const points = Float32Array.from({ length: perIteration }, (_, i) => 1000 * iteration + i);
  return { type: 'losses', iteration, step: (iteration * perIteration) % 8, perIteration, points };
}

function pack(events: RunEvent[]): RunEvent[] {
  const pack = new EventPack();
  for (const event of events) pack.add(event);
  return pack.take();
}

describe('a pack of events', () => {
  it('joins the losses of consecutive meta-iterations, and records where they begin', () => {
    assert.deepEqual(pack([losses(3), losses(4), losses(5)]), [
      {
        type: 'losses',
        iteration: 3,
        step: 4,
        perIteration: 4,
        points: Float32Array.of(3000, 3001, 3002, 3003, 4000, 4001, 4002, 4003, 5000, 5001, 5002, 5003),
      },
    ]);
  });

  it('begins a new one after any other event, a gap, or another number of points', () => {
    const validation: RunEvent = { type: 'validation', iteration: 5, loss: 1, best: true };
    const events = [losses(3), losses(4), validation, losses(5), losses(7), losses(8, 2), losses(9, 2)];
    assert.deepEqual(
      pack(events).map((e) => (e.type === 'losses' ? [e.iteration, e.points.length] : e.type)),
      [[3, 8], 'validation', [5, 4], [7, 4], [8, 4]],
    );
  });

  it('is empty after being taken, and due when large', () => {
    const pack = new EventPack();
    assert.ok(pack.isEmpty && !pack.isDue);
    for (let i = 0; i < 4096; i++) pack.add(losses(i));
    assert.ok(pack.isDue);
    pack.take();
    assert.ok(pack.isEmpty && !pack.isDue);
    assert.deepEqual(pack.take(), []);
  });
});
