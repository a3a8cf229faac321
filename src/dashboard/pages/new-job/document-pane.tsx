import type { RefObject } from 'preact';
import { Toggle } from '../../parts/toggle.js';
import type { Draft } from './draft.js';

const formats = [
  ['yaml', 'YAML'],
  ['json', 'JSON'],
] as const;

interface Props {
  draft: Draft;
  /** The text that it began with. */
  start: string;
  input: RefObject<HTMLTextAreaElement | null>;
}

/** The document as text. */
export function DocumentPane({ draft, start, input }: Props) {
  const { text, format } = draft.state;
  const { fault } = draft;
  return (
    <section class="document-pane" aria-labelledby="document-title">
      <div class="row">
        <h2 id="document-title">Document</h2>
        <button type="button" class="link small" disabled={text === start} onClick={() => draft.restart(start)}>
          Start over
        </button>
        <Toggle label="Format" options={formats} value={format} onChange={(to) => draft.show(to)} />
      </div>
      <textarea
        ref={input}
        class="field"
        aria-label={`The document as ${format.toUpperCase()}`}
        aria-invalid={fault !== null}
        aria-describedby="document-fault"
        value={text}
        rows={12}
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        onInput={({ currentTarget: { value } }) => draft.write(value)}
      />
      <p class="fault" id="document-fault" role="status">
        {fault && `Line ${fault.line}: ${fault.message} The form shows the last document.`}
      </p>
    </section>
  );
}
