import { ApiError, errorCodes } from '../../../contract/errors.js';
import { formatBytes, formatDuration } from '../../../figures/numbers.js';
import type { PlacedErrors } from '../../forms/errors.js';
import type { Checked, Verdict } from './check.js';

interface Props {
  checked: Checked;
  errors: PlacedErrors;
  /** The text is no document: nothing can be sent. */
  isBroken: boolean;
  isSending: boolean;
  onSubmit: () => void;
  /** Shows the field of an error. */
  onReveal: (pointer: string) => void;
}

/** What the service says about the job, and the button that submits it. */
export function PlanPane({ checked, errors, isBroken, isSending, onSubmit, onReveal }: Props) {
  const { verdict } = checked;
  const plan = verdict.state === 'valid' ? verdict.dryRun : null;
  const comparison = plan?.spec.comparison;
  return (
    <section class="plan-pane" aria-labelledby="plan-title">
      <h2 id="plan-title">{statusOf(verdict, isBroken)}</h2>
      {verdict.state === 'refused' && <Refusal error={verdict.error} errors={errors} onReveal={onReveal} />}
      <dl class={`facts${checked.isStale ? ' stale' : ''}`}>
        <dt>Memory</dt>
        <dd>{plan ? `about ${formatBytes(plan.memoryBytes)}` : '–'}</dd>
        <dt>Training</dt>
        <dd>{plan ? (plan.spec.kind === 'compare' ? 'none' : timeOf(plan.seconds?.training)) : '–'}</dd>
        <dt>Comparison</dt>
        <dd>{plan ? (comparison === null ? 'none' : timeOf(plan.seconds?.comparison)) : '–'}</dd>
      </dl>
      <div class="row">
        <button type="button" class="button primary" disabled={isBroken || isSending} onClick={onSubmit}>
          {isSending ? 'Submitting' : 'Submit'}
        </button>
        <span class="faint small">
          <kbd>Ctrl</kbd> or <kbd>⌘</kbd> <kbd>Enter</kbd>
        </span>
      </div>
    </section>
  );
}

function statusOf(verdict: Verdict, isBroken: boolean): string {
  if (isBroken) return 'The text is not a document';
  if (verdict.state === 'waiting') return 'Checking';
  if (verdict.state === 'valid') return 'Ready';
  const { error } = verdict;
  const count = error instanceof ApiError ? error.errors.length : 0;
  if (count > 0) return count === 1 ? '1 error' : `${count} errors`;
  return error instanceof ApiError ? errorCodes[error.code][1] : 'Not submitted';
}

/** Seconds of a part, where workers have recorded how fast such jobs are. */
function timeOf(seconds: number | null | undefined): string {
  return seconds == null ? 'not known before a job like it has run' : `about ${formatDuration(seconds)}`;
}

/** Why the service refuses the document: a link to each field, and in full what no field shows. */
function Refusal({ error, errors, onReveal }: { error: unknown } & Pick<Props, 'errors' | 'onReveal'>) {
  const inForm = [...errors.at.keys()];
  if (inForm.length === 0 && errors.elsewhere.length === 0)
    return <p class="fault">{error instanceof ApiError ? error.detail : String((error as Error).message)}</p>;
  return (
    <ul class="refusals">
      {inForm.map((pointer) => (
        <li key={pointer}>
          <button type="button" class="link" onClick={() => onReveal(pointer)}>
            {pointer === '' ? 'the document' : pointer}
          </button>
        </li>
      ))}
      {errors.elsewhere.map(({ pointer, found, allowed }) => (
        <li key={pointer}>
          <button type="button" class="link" onClick={() => onReveal(pointer)}>
            {pointer}
          </button>{' '}
          found {found}, allowed: {allowed}
        </li>
      ))}
    </ul>
  );
}
