import type { ComparisonState } from './compare/comparison.js';
import type { TrainingState } from './metatrain/state.js';

/** What the next pull of a run does; `concluding` only reports that the run is done. */
export type RunStage = 'start' | 'training' | 'comparison' | 'concluding' | 'ended';

/** The whole state of a run between two pulls. */
export interface RunState {
  phase: RunStage;
  training: TrainingState | null;
  comparison: ComparisonState | null;
}
