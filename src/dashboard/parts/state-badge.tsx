import type { JobState } from '../../contract/events.js';

const circle = 'M9 5a4 4 0 1 1-8 0a4 4 0 0 1 8 0z';

/** The mark of each state, in a box of 10 × 10. */
const marks: Readonly<Record<JobState, { path: string; full?: boolean }>> = {
  queued: { path: circle },
  running: { path: 'M2 1.2L9 5L2 8.800z', full: true },
  paused: { path: 'M3 1.500v7M7 1.500v7' },
  succeeded: { path: 'M1 5.500L4 8.500L9 1.5' },
  failed: { path: 'M1.5 1.500l7 7M8.5 1.500l-7 7' },
  cancelled: { path: `${circle}M2.2 7.800l5.6-5.6` },
};

/** A job's state as a mark and a word. */
export function StateBadge({ state }: { state: JobState }) {
  const { path, full = false } = marks[state];
  return (
    <span class={`badge ${state}`}>
      <svg viewBox="0 0 10 10" aria-hidden="true" class={full ? 'full' : undefined}>
        <path d={path} />
      </svg>
      {state}
    </span>
  );
}
