import type { Signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { optimizerNamePattern } from '../../contract/trained.js';

const pattern = new RegExp(optimizerNamePattern);

export function isOptimizerName(text: string): boolean {
  return pattern.test(text);
}

/** The name under which weights are registered. */
export function OptimizerNameField({ name }: { name: Signal<string> }) {
  const ids = { field: useId(), hint: useId() };
  return (
    <div class="labelled">
      <label for={ids.field}>Name</label>
      <input
        id={ids.field}
        class="field"
        type="text"
        value={name}
        maxLength={64}
        aria-describedby={ids.hint}
        aria-invalid={name.value !== '' && !isOptimizerName(name.value)}
        onInput={({ currentTarget }) => {
          name.value = currentTarget.value;
        }}
      />
      <small id={ids.hint} class="faint">
        Small letters, digits, _ and -. A name that exists gets its next version.
      </small>
    </div>
  );
}
