import type { Provenance } from '../../contract/provenance.js';
import type { ComparisonResults } from '../../contract/results.js';
import type { TrainingCurve } from '../../figures/training.js';
import type { RunRecord } from '../../local/run-folder.js';
import type { Job, Plan } from '../plan.js';
import type { ReproductionRecord } from '../reproduction-folder.js';

/** What a reproduction has found so far. */
export interface Report {
  plan: Plan;
  record: ReproductionRecord;
  /** Its folder. */
  path: string;
  /** Of all jobs of the plan; what is not done yet has no finding. */
  jobs: readonly Job[];
  given: readonly (WeightsFile & { name: string; from: string })[];
  findings: readonly Finding[];
}

/** A job that is done. */
export interface Finding {
  job: Job;
  run: RunRecord;
  /** Of a comparison. */
  results: ComparisonResults | null;
  /** Of a training. */
  training: (WeightsFile & { curve: TrainingCurve }) | null;
}

export interface WeightsFile {
  sha256: string;
  provenance: Provenance;
  /** Numbers in it. */
  size: number;
}
