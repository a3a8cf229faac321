import { computed, type Signal, signal } from '@preact/signals';
import { isFinal } from '../../../contract/job.js';
import type { JobSummary } from '../../../contract/job-summary.js';
import { Pace } from '../../../contract/pace.js';
import type { Progress } from '../../../contract/progress.js';
import { formatCount, formatDuration, formatLoss, formatRate } from '../../../figures/numbers.js';

const unknown = '–';

/** What a row shows. */
interface View {
  readonly summary: JobSummary;
  /** Progress of the training, which validations interrupt. */
  readonly training: Progress | null;
  /** Per second, of the phase; null while it is unknown. */
  readonly rate: number | null;
}

/**
 * A row of the table: a job's summary, and what each cell shows of it, as signals of their own. A cell whose text stays the
 * same is not touched, and a row that is out of sight only follows its job's state.
 */
export class JobRow {
  readonly id: string;
  private readonly view: Signal<View>;
  private latest: View;
  private inSight = true;
  private readonly paces = new Map<string, Pace>();

  constructor(summary: JobSummary, time: number) {
    this.id = summary.id;
    this.latest = this.next(summary, null, time);
    this.view = signal(this.latest);
  }

  /** @param time in milliseconds, when the summary arrived */
  update(summary: JobSummary, time: number): void {
    this.latest = this.next(summary, this.latest.training, time);
    if (this.inSight || summary.state !== this.state.peek()) this.view.value = this.latest;
  }

  show(inSight: boolean): void {
    this.inSight = inSight;
    if (inSight) this.view.value = this.latest;
  }

  private next(summary: JobSummary, before: Progress | null, time: number): View {
    const training = summary.progress?.phase === 'training' ? summary.progress : before;
    const shown = shownOf(summary, training);
    if (summary.state !== 'running' || !shown) {
      this.paces.clear();
      return { summary, training, rate: null };
    }
    const pace = this.paces.get(shown.phase) ?? new Pace();
    this.paces.set(shown.phase, pace);
    pace.add(shown.done, time);
    return { summary, training, rate: pace.rate };
  }

  readonly summary = computed(() => this.view.value.summary);
  readonly name = computed(() => this.summary.value.title ?? this.id);
  readonly state = computed(() => this.summary.value.state);
  readonly problem = computed(() => this.summary.value.problem);
  readonly labels = computed(() => this.summary.value.labels.join(', '));
  readonly sparkline = computed(() => this.summary.value.sparkline);
  readonly failure = computed(() => this.summary.value.failure?.code ?? '');

  private readonly shown = computed(() => shownOf(this.summary.value, this.view.value.training));
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
    const { startedAt, finishedAt, state } = this.summary.value;
    if (startedAt && finishedAt) return formatDuration((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
    if (state !== 'running') return '';
    const { rate } = this.view.value;
    return rate === null || this.shown.value?.phase !== 'training' ? unknown : `${formatRate(rate)} /s`;
  });
  /** Time left in the phase. */
  readonly leftText = computed(() => {
    if (isFinal(this.state.value)) return this.paceText.value && 'total';
    const { rate } = this.view.value;
    return rate !== null && rate > 0 ? `${formatDuration((this.total.value - this.done.value) / rate)} left` : '';
  });
  readonly lossText = computed(() => {
    const loss = this.summary.value.progress?.loss ?? null;
    return loss === null ? '' : formatLoss(loss);
  });
}

/** The progress to show: during a validation, that of the training. */
function shownOf({ progress }: JobSummary, training: Progress | null): Progress | null {
  return progress?.phase === 'validation' ? (training ?? progress) : progress;
}
