import type { DryRun } from '../../../contract/dry-run.js';
import { ApiError, errorCodes } from '../../../contract/errors.js';
import { formatBytes, formatDuration } from '../../../figures/numbers.js';
import type { PlacedErrors } from '../../forms/errors.js';
import { FieldName } from '../../parts/field-name.js';
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
  return (
    <section class="plan-pane" aria-labelledby="plan-title">
      <h2 id="plan-title">{statusOf(verdict, isBroken)}</h2>
      <div class={`outcome${checked.isStale ? ' stale' : ''}`}>
        {verdict.state === 'refused' ? (
          <Refusal error={verdict.error} errors={errors} onReveal={onReveal} />
        ) : (
          <Plan plan={verdict.state === 'valid' ? verdict.dryRun : null} />
        )}
      </div>
      <div class="row submit">
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

/** What the job would take, as far as it is known. */
function Plan({ plan }: { plan: DryRun | null }) {
  const timeOf = (isPart: boolean, seconds: number | null | undefined) => {
    if (!isPart) return 'none';
    return seconds == null ? 'not known yet' : `about ${formatDuration(seconds)}`;
  };
  return (
    <dl>
      <Fact name="Memory" value={plan && `about ${formatBytes(plan.memoryBytes)}`} />
      <Fact name="Training" value={plan && timeOf(plan.spec.kind === 'metatrain', plan.seconds?.training)} />
      <Fact name="Comparison" value={plan && timeOf(plan.spec.comparison !== null, plan.seconds?.comparison)} />
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: string | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
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
            {pointer === '' ? 'the document' : <FieldName pointer={pointer} />}
          </button>
        </li>
      ))}
      {errors.elsewhere.map(({ pointer, found, allowed }) => (
        <li key={pointer}>
          <button type="button" class="link" onClick={() => onReveal(pointer)}>
            <FieldName pointer={pointer} />
          </button>{' '}
          found {found}, allowed: {allowed}
        </li>
      ))}
    </ul>
  );
}
