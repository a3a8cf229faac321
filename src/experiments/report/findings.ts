import type { Provenance } from '../../contract/provenance.js';
import type { ComparisonResults } from '../../contract/results.js';
import type { NamedResults } from '../../figures/csv.js';
import type { TrainingCurve } from '../../figures/training.js';
import type { RunRecord } from '../../local/run-folder.js';
import type { Job, Plan } from '../plan.js';
import type { ReproductionRecord } from '../reproduction-folder.js';

/** A reproduction's findings so far. */
export interface Report {
  plan: Plan;
  record: ReproductionRecord;
  /** Its folder. */
  path: string;
  /** All jobs of the plan; those not done yet have no finding. */
  jobs: readonly Job[];
  given: readonly (WeightsFile & { name: string; from: string })[];
  findings: readonly Finding[];
}

/** A job that is done. */
export interface Finding {
  job: Job;
  run: RunRecord;
  /** A comparison's results. */
  results: ComparisonResults | null;
  /** A training's weights and losses. */
  training: (WeightsFile & { curve: TrainingCurve }) | null;
}

export interface WeightsFile {
  sha256: string;
  provenance: Provenance;
  /** Number of weights. */
  size: number;
}

/** The comparisons, by the names of their jobs. */
export function comparisonsOf(findings: readonly Finding[]): NamedResults[] {
  return findings.flatMap(({ job, results }) => (results ? [{ name: job.name, results }] : []));
}
