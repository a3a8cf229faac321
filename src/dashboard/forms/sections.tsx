import { useRef, useState } from 'preact/hooks';
import { Toggle } from '../parts/toggle.js';
import { Control, TextInput } from './controls.js';
import { switched, turned } from './edit.js';
import {
  type Field,
  isSimple,
  type ListField,
  type Member,
  type NullableField,
  type ObjectField,
  type PresenceField,
  type VariantsField,
} from './field.js';
import { Description, FieldRow, idsOf } from './field-row.js';
import { type FieldProps, useForm } from './form-state.js';
import { gistOf } from './gist.js';
import { isObject, type Json, type Path, pointerOf } from './json.js';
import { beginning, sectionOf, variantOf } from './values.js';
import { labelOf } from './words.js';

/** The fields of an object: single inputs first, then its sections. Constants are chosen elsewhere. */
export function Members({ field, value, path }: FieldProps<ObjectField>) {
  const shown = field.members.filter((member) => member.field.kind !== 'constant');
  const view = (member: Member) => (
    <MemberView
      key={member.name}
      member={member}
      value={isObject(value) ? value[member.name] : undefined}
      path={path}
    />
  );
  return (
    <>
      {shown.filter((member) => isSimple(member.field)).map(view)}
      {shown.filter((member) => !isSimple(member.field)).map(view)}
    </>
  );
}

/** A field of an object. */
export function MemberView({ member, value, path }: { member: Member; value: Json | undefined; path: Path }) {
  const { name, field, isRequired } = member;
  const own = { field, value, path: [...path, name] };
  const label = labelOf(name);
  if (!isSimple(field)) return <Section {...own} label={label} />;
  const isGroup = hasSeveralInputs(field);
  return (
    <FieldRow {...own} label={label} isGroup={isGroup}>
      {field.kind === 'text' && isRequired ? <TextInput {...own} keepEmpty /> : <Control {...own} />}
    </FieldRow>
  );
}

function hasSeveralInputs(field: Field): boolean {
  const inner = field.kind === 'nullable' ? field.field : field;
  return inner.kind === 'list' && inner.item.kind === 'choice';
}

interface SectionProps extends FieldProps<Field> {
  label: string;
  /** Whether it is open at first. */
  isOpen?: boolean;
}

/** A part of the form that opens and closes. Closed, it says what it has. */
export function Section({ label, field, value, path, isOpen = false }: SectionProps) {
  const { errors } = useForm();
  const pointer = pointerOf(path);
  const own = errors.at.get(pointer) ?? [];
  const count = [...errors.at].filter(([at]) => at === pointer || at.startsWith(`${pointer}/`)).length;
  return (
    <details class="form-section" open={isOpen} id={idsOf(path).input}>
      <summary>
        <span class="name">{label}</span>
        <span class="gist">{gistOf(field, value)}</span>
        {count > 0 && <span class="fault">{count === 1 ? '1 error' : `${count} errors`}</span>}
      </summary>
      <div class="content">
        <Description text={field.description} />
        {field.kind !== 'variants' &&
          own.map(({ found, allowed }) => (
            <p class="fault" key={allowed}>
              found {found}, allowed: {allowed}
            </p>
          ))}
        <Inside field={field} value={value} path={path} />
      </div>
    </details>
  );
}

/** A value that is more than one input. */
export function Inside({ field, value, path }: FieldProps<Field>) {
  switch (field.kind) {
    case 'object':
      return <Members field={field} value={value} path={path} />;
    case 'variants':
      return <Variants field={field} value={value} path={path} />;
    case 'presence':
      return <Presence field={field} value={value} path={path} />;
    case 'nullable':
      return <Optional field={field} value={value} path={path} />;
    case 'list':
      return <Items field={field} value={value} path={path} />;
    default:
      return (
        <FieldRow label="Value" field={field} value={value} path={path}>
          <TextInput field={field} value={value} path={path} />
        </FieldRow>
      );
  }
}

/** One of several kinds of object: which, and its fields. */
function Variants({ field, value, path }: FieldProps<VariantsField>) {
  const { change, errors } = useForm();
  const whole = value ?? field.default;
  const variant = variantOf(field, whole);
  const ids = idsOf([...path, field.tag]);
  const wrong = errors.at.get(pointerOf(path)) ?? [];
  return (
    <>
      <div class={`field-row said${wrong.length > 0 ? ' wrong' : ''}`}>
        <label for={ids.input}>{labelOf(field.tag)}</label>
        <div class="control">
          <select
            class="field"
            id={ids.input}
            aria-describedby={ids.help}
            aria-invalid={wrong.length > 0}
            value={variant?.name ?? ''}
            onChange={({ currentTarget: { value: name } }) => change(path, switched(field, whole, name))}
          >
            {!variant && <option value="">–</option>}
            {field.variants.map(({ name, object }) => (
              <option key={name} value={name}>
                {object.title === '' || object.title.toLowerCase() === name ? name : `${name} · ${object.title}`}
              </option>
            ))}
          </select>
        </div>
        <div class="help" id={ids.help}>
          <Description text={variant?.object.description ?? ''} />
          {wrong.map(({ found, allowed }) => (
            <p class="fault" key={allowed}>
              found {found}, allowed: {allowed}
            </p>
          ))}
        </div>
      </div>
      {variant && <Members field={variant.object} value={whole} path={path} />}
    </>
  );
}

/** One of two kinds of object, told apart by a field. */
function Presence({ field, value, path }: FieldProps<PresenceField>) {
  const { change } = useForm();
  const object = sectionOf(field, value);
  const nameOf = (of: ObjectField) => of.members[0]?.name ?? '';
  const options = [field.absent, field.present].map((of) => [nameOf(of), labelOf(nameOf(of))] as const);
  return (
    <>
      <Toggle
        label="Which"
        options={options}
        value={object ? nameOf(object) : ''}
        onChange={(name) => change(path, { [name]: '' })}
      />
      {object && <Members field={object} value={value} path={path} />}
    </>
  );
}

/** A part that may be left out. */
function Optional({ field, value, path }: FieldProps<NullableField>) {
  const { change } = useForm();
  const whole = value === undefined ? (field.default ?? null) : value;
  const { input } = idsOf([...path, 'on']);
  return (
    <>
      <div class="field-row">
        <label for={input}>On</label>
        <div class="control">
          <input
            id={input}
            type="checkbox"
            checked={whole !== null}
            onChange={({ currentTarget: { checked } }) => change(path, turned(field, checked))}
          />
        </div>
      </div>
      {whole !== null && <Inside field={field.field} value={whole} path={path} />}
    </>
  );
}

/** A list of objects, each a section of its own. */
function Items({ field, value, path }: FieldProps<ListField>) {
  const { change } = useForm();
  const list = useRef<HTMLDivElement>(null);
  const shown = value ?? field.default;
  const items = Array.isArray(shown) ? shown : [];
  // A new item is open, the others are as they were.
  const [added, setAdded] = useState<number | null>(null);
  const add = (item: Json) => {
    setAdded(items.length);
    change(path, [...items, item]);
  };
  const { item } = field;
  const full = items.length >= field.most;
  return (
    <>
      <div class="items" ref={list}>
        {items.map((one, i) => (
          <div class="item" key={pointerOf([...path, i])}>
            <Section field={item} value={one} path={[...path, i]} label={String(i + 1)} isOpen={i === added} />
            <button
              type="button"
              class="button plain"
              disabled={items.length <= field.least}
              aria-label={`Remove ${i + 1}`}
              onClick={() => {
                change([...path, i], undefined);
                list.current?.querySelector('summary')?.focus();
              }}
            >
              Remove
            </button>
          </div>
        ))}
      </div>
      <div class="row">
        {item.kind === 'variants' ? (
          <select
            class="field"
            aria-label="Add"
            value=""
            disabled={full}
            onChange={({ currentTarget }) => {
              const variant = item.variants.find(({ name }) => name === currentTarget.value);
              currentTarget.value = '';
              if (variant) add(beginning(variant.object));
            }}
          >
            <option value="">Add …</option>
            {item.variants.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        ) : (
          <button type="button" class="button" disabled={full} onClick={() => add(beginning(item))}>
            Add
          </button>
        )}
      </div>
    </>
  );
}
