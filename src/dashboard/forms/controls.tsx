import { useState } from 'preact/hooks';
import type { ChoiceField, EitherField, Field, ListField } from './field.js';
import { idsOf } from './field-row.js';
import { type FieldProps, useForm } from './form-state.js';
import { formatInput, inputMode, parseInput } from './inputs.js';
import { type Json, pointerOf, same } from './json.js';
import { minimal, optionOf } from './values.js';
import { labelOf } from './words.js';

/** The inputs of fields that are one input each. */

export function Control(props: FieldProps<Field>) {
  const { field, value, path } = props;
  const inner = field.kind === 'nullable' ? field.field : field;
  switch (inner.kind) {
    case 'switch':
      return field.kind === 'nullable' ? <TextInput {...props} /> : <Checkbox {...props} />;
    case 'choice':
      return <Select {...props} choice={inner} />;
    case 'either':
      return <EitherInput field={inner} value={value} path={path} />;
    case 'list':
      return inner.item.kind === 'choice' ? (
        <Checkboxes {...props} list={inner} values={inner.item.values} />
      ) : (
        <TextInput {...props} />
      );
    default:
      return <TextInput {...props} />;
  }
}

/** What an input shows: the document's value or else the default. */
function shownValue({ field, value }: { field: Field; value: Json | undefined }): Json | undefined {
  return value === undefined ? field.default : value;
}

function useAria({ path }: { path: FieldProps<Field>['path'] }) {
  const { errors } = useForm();
  const { input, help } = idsOf(path);
  return { id: input, 'aria-describedby': help, 'aria-invalid': errors.at.has(pointerOf(path)) };
}

interface TextProps extends FieldProps<Field> {
  /** Whether an empty text is a value, for the service to refuse, and not the default. */
  keepEmpty?: boolean;
}

/**
 * A text that means a value. While one types, the text stays as it is as long as it means what the document says: "1e-3",
 * or a list that ends in a comma.
 */
export function TextInput(props: TextProps) {
  const { field, value, path, keepEmpty = false } = props;
  const { change, suggestions } = useForm();
  const [draft, setDraft] = useState<string | null>(null);
  const aria = useAria(props);
  const meant = (text: string) => (keepEmpty && text === '' ? '' : minimal(field, parseInput(field, text)));
  const isDraft = draft !== null && same(meant(draft), minimal(field, value));
  const options = suggestions[pointerOf(path)] ?? [];
  return (
    <>
      <input
        {...aria}
        class="field"
        type="text"
        value={isDraft ? draft : formatInput(field, shownValue(props))}
        placeholder={placeholderOf(field)}
        inputMode={inputMode(field)}
        list={options.length > 0 ? `${aria.id}-options` : undefined}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        onInput={({ currentTarget: { value: text } }) => {
          setDraft(text);
          change(path, meant(text));
        }}
        onBlur={() => setDraft(null)}
      />
      {options.length > 0 && (
        <datalist id={`${aria.id}-options`}>
          {options.map(({ value: option, label }) => (
            <option key={option} value={option}>
              {label}
            </option>
          ))}
        </datalist>
      )}
    </>
  );
}

function placeholderOf(field: Field): string {
  if (field.kind === 'nullable' || field.kind === 'list') return 'none';
  return field.default === undefined && field.kind === 'number' ? 'required' : '';
}

function Checkbox(props: FieldProps<Field>) {
  const { change } = useForm();
  return (
    <input
      {...useAria(props)}
      type="checkbox"
      checked={shownValue(props) === true}
      onChange={({ currentTarget: { checked } }) => change(props.path, checked)}
    />
  );
}

function Select({ choice, ...props }: FieldProps<Field> & { choice: ChoiceField }) {
  const { change } = useForm();
  const shown = shownValue(props);
  return (
    <select
      {...useAria(props)}
      class="field"
      value={String(shown)}
      onChange={({ currentTarget: { value } }) =>
        change(props.path, choice.values.find((one) => String(one) === value) ?? null)
      }
    >
      {!choice.values.some((one) => one === shown) && (
        <option value={String(shown)}>{formatInput(choice, shown)}</option>
      )}
      {props.field.kind === 'nullable' && shown !== null && <option value="">none</option>}
      {choice.values.map((one) => (
        <option key={one} value={String(one)}>
          {one}
        </option>
      ))}
    </select>
  );
}

interface CheckboxesProps extends FieldProps<Field> {
  list: ListField;
  values: readonly (string | number)[];
}

/** Some of a few values, in their order. None of them is null where the field may be null. */
function Checkboxes({ values, ...props }: CheckboxesProps) {
  const { change } = useForm();
  const shown = shownValue(props);
  const chosen: readonly Json[] = Array.isArray(shown) ? shown : [];
  const aria = useAria(props);
  const turn = (value: Json, isOn: boolean) => {
    const next = values.filter((one) => (one === value ? isOn : chosen.includes(one)));
    change(props.path, next.length === 0 && props.field.kind === 'nullable' ? null : next);
  };
  return (
    <fieldset class="checkboxes" id={aria.id} aria-labelledby={idsOf(props.path).label}>
      {values.map((value) => (
        <label key={value}>
          <input
            type="checkbox"
            aria-describedby={aria['aria-describedby']}
            checked={chosen.includes(value)}
            onChange={({ currentTarget: { checked } }) => turn(value, checked)}
          />
          {value}
        </label>
      ))}
    </fieldset>
  );
}

/** One of some words, or a value of another type, which has an input of its own. */
function EitherInput(props: FieldProps<EitherField>) {
  const { field, path } = props;
  const { change } = useForm();
  const aria = useAria(props);
  const words = field.options.flatMap((option) => (option.kind === 'choice' ? option.values : []));
  const others = field.options.filter(({ kind }) => kind !== 'choice');
  // Chosen, but without a value so far: the document stays as it is until there is one.
  const [open, setOpen] = useState<Field | null>(null);
  const shown = shownValue(props);
  const other = open ?? (words.some((word) => word === shown) ? null : (optionOf(field, shown) ?? others[0] ?? null));
  return (
    <div class="either">
      <select
        {...aria}
        class="field"
        value={other === null ? String(shown) : `#${others.indexOf(other)}`}
        onChange={({ currentTarget: { value: chosen } }) => {
          const option = chosen.startsWith('#') ? others[Number(chosen.slice(1))] : undefined;
          setOpen(option ?? null);
          if (!option)
            change(
              path,
              words.find((word) => String(word) === chosen),
            );
        }}
      >
        {words.map((word) => (
          <option key={word} value={String(word)}>
            {word}
          </option>
        ))}
        {others.map((option, i) => (
          <option key={option.kind} value={`#${i}`}>
            {option.kind === 'number' ? 'a number' : labelOf(option.kind).toLowerCase()}
          </option>
        ))}
      </select>
      {other && (
        <OpenInput
          {...props}
          field={other}
          value={words.some((word) => word === shown) ? undefined : shown}
          isNew={open !== null}
          onLeave={() => setOpen(null)}
        />
      )}
    </div>
  );
}

/** The input of a value that is none of the words. Left empty, the words apply again. */
function OpenInput({
  field,
  value,
  path,
  isNew,
  onLeave,
}: FieldProps<Field> & { isNew: boolean; onLeave: () => void }) {
  const { change } = useForm();
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? formatInput(field, value);
  return (
    <input
      class="field"
      type="text"
      aria-label={field.kind === 'number' ? 'The number' : 'The values'}
      ref={(input) => {
        if (isNew && draft === null && value === undefined) input?.focus();
      }}
      value={text}
      inputMode={inputMode(field)}
      autocomplete="off"
      onInput={({ currentTarget: { value: typed } }) => {
        setDraft(typed);
        if (typed.trim() !== '') change(path, parseInput(field, typed));
      }}
      onBlur={() => {
        setDraft(null);
        onLeave();
      }}
    />
  );
}
