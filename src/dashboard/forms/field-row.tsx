import './form.css';
import type { ComponentChildren } from 'preact';
import type { Field } from './field.js';
import { useForm } from './form-state.js';
import { type Json, type Path, pointerOf } from './json.js';
import { isChanged } from './values.js';
import { formatValue, partsOf, rangeOf, splitDescription } from './words.js';

/** Ids of a field's elements, for labels and links to it. */
export function idsOf(path: Path): { input: string; label: string; help: string } {
  const pointer = pointerOf(path);
  return { input: `field${pointer}`, label: `label${pointer}`, help: `help${pointer}` };
}

interface Props {
  label: string;
  field: Field;
  value: Json | undefined;
  path: Path;
  /** Whether the control is a group of inputs, which the label names by its id. */
  isGroup?: boolean;
  children: ComponentChildren;
}

/** A field: its label, its control, and beside it what it means, its range and its default, or what is wrong with it. */
export function FieldRow({ label, field, value, path, isGroup = false, children }: Props) {
  const { errors, change } = useForm();
  const ids = idsOf(path);
  const wrong = errors.at.get(pointerOf(path)) ?? [];
  const changed = field.default !== undefined && isChanged(field, value);
  const said = changed || (field.default === undefined && value !== undefined);
  const marks = { changed, said, wrong: wrong.length > 0, long: field.kind === 'text' && field.most > 100 };
  const className = ['field-row', ...Object.entries(marks).flatMap(([mark, isSo]) => (isSo ? [mark] : []))].join(' ');
  const range = rangeOf(field);
  return (
    <div class={className}>
      {isGroup ? (
        <span class="label" id={ids.label}>
          {label}
        </span>
      ) : (
        <label for={ids.input}>{label}</label>
      )}
      <div class="control">{children}</div>
      <div class="help" id={ids.help}>
        <Description text={field.description} />
        {wrong.length > 0 ? (
          wrong.map(({ pointer, found, allowed }) => (
            <p class="fault" key={pointer}>
              found {found}, allowed: {allowed}
            </p>
          ))
        ) : (
          <p class="range">
            {range}
            {range !== '' && field.default !== undefined && ' · '}
            {field.default !== undefined &&
              (changed ? (
                <button type="button" onClick={() => change(path, undefined)}>
                  reset to {formatValue(field.default)}
                </button>
              ) : (
                `default ${formatValue(field.default)}`
              ))}
          </p>
        )}
      </div>
    </div>
  );
}

/** What comes first, and the rest when one asks for it. */
export function Description({ text }: { text: string }) {
  const [first, rest] = splitDescription(text);
  if (rest === '') return first === '' ? null : <p>{withNames(first)}</p>;
  return (
    <details class="description">
      <summary>{withNames(first)}</summary>
      <p>{withNames(rest)}</p>
    </details>
  );
}

function withNames(text: string): ComponentChildren {
  return partsOf(text).map((part, i) => (i % 2 === 0 ? part : <code key={part}>{part}</code>));
}
