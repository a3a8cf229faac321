import { computed, type Signal, signal } from '@preact/signals';
import { isFinal } from '../../../contract/job.js';
import type { JobSummary } from '../../../contract/job-summary.js';
import type { Progress } from '../../../contract/progress.js';
import { formatCount, formatDuration, formatLoss } from '../../../figures/numbers.js';
import { formatRate, Pace } from '../../parts/pace.js';

const unknown = '–';

/**
 * A row of the table: a job's summary, and what each cell shows of it, as signals of their own. A cell whose text stays the
 * same is not touched.
 */
export class JobRow {
  readonly id: string;
  readonly summary: Signal<JobSummary>;
  private readonly paces = new Map<string, Pace>();
  private readonly rate = signal<number | null>(null);
  /** Progress of the training, which validations interrupt. */
  private readonly training = signal<Progress | null>(null);

  constructor(summary: JobSummary, time: number) {
    this.id = summary.id;
    this.summary = signal(summary);
    this.update(summary, time);
  }

  /** @param time in milliseconds, when the summary arrived */
  update(summary: JobSummary, time: number): void {
    this.summary.value = summary;
    const { progress, state } = summary;
    if (progress?.phase === 'training') this.training.value = progress;
    const shown = this.shown.peek();
    if (state !== 'running' || !shown) {
      this.paces.clear();
      this.rate.value = null;
      return;
    }
    const pace = this.paces.get(shown.phase) ?? new Pace();
    this.paces.set(shown.phase, pace);
    pace.add(shown.done, time);
    this.rate.value = pace.rate;
  }

  readonly name = computed(() => this.summary.value.title ?? this.id);
  readonly state = computed(() => this.summary.value.state);
  readonly problem = computed(() => this.summary.value.problem);
  readonly labels = computed(() => this.summary.value.labels.join(', '));
  readonly sparkline = computed(() => this.summary.value.sparkline);
  readonly failure = computed(() => this.summary.value.failure?.code ?? '');

  private readonly shown = computed<Progress | null>(() => {
    const { progress } = this.summary.value;
    return progress?.phase === 'validation' ? (this.training.value ?? progress) : progress;
  });
  readonly done = computed(() => this.shown.value?.done ?? 0);
  readonly total = computed(() => Math.max(1, this.shown.value?.total ?? 1));
  /** Whether there is progress to show: until the job has succeeded. */
  readonly moving = computed(() => this.shown.value !== null && this.state.value !== 'succeeded');
  readonly progressText = computed(() => {
    const { progress } = this.summary.value;
    const shown = this.shown.value;
    if (!progress || !shown || !this.moving.value) return '';
    return `${progress.phase} ${formatCount(shown.done)} of ${formatCount(shown.total)}`;
  });

  /** Meta-iterations per second; of a job that has ended, the time that its last attempt took. */
  readonly paceText = computed(() => {
    const { startedAt, finishedAt } = this.summary.value;
    if (startedAt && finishedAt) return formatDuration((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
    const rate = this.rate.value;
    if (isFinal(this.state.value)) return '';
    return rate === null || this.shown.value?.phase !== 'training' ? unknown : `${formatRate(rate)} /s`;
  });
  /** Time left in the phase. */
  readonly leftText = computed(() => {
    if (isFinal(this.state.value)) return this.paceText.value && 'total';
    const rate = this.rate.value;
    if (rate === null || rate <= 0) return unknown;
    return `${formatDuration((this.total.value - this.done.value) / rate)} left`;
  });
  readonly lossText = computed(() => {
    const loss = this.summary.value.progress?.loss ?? null;
    return loss === null ? unknown : formatLoss(loss);
  });
}
