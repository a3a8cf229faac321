import { switched } from '../../forms/edit.js';
import type { VariantsField } from '../../forms/field.js';
import { useForm } from '../../forms/form-state.js';
import { isObject, type Json } from '../../forms/json.js';
import { MemberView, Section } from '../../forms/sections.js';
import { variantOf } from '../../forms/values.js';
import { labelOf } from '../../forms/words.js';
import { Toggle } from '../../parts/toggle.js';

/** The parts of a job that are open at first. */
const main = ['problem', 'optimizer', 'training', 'comparison'];

/** A job's document as a form: its kind, its title, its parts, and how it is run. */
export function JobForm({ field, document }: { field: VariantsField; document: Json }) {
  const { change, errors } = useForm();
  const variant = variantOf(field, document);
  const members = variant?.object.members.filter((member) => member.field.kind !== 'constant') ?? [];
  const memberValue = (name: string) => (isObject(document) ? document[name] : undefined);
  const parts = main.flatMap((name) => members.filter((member) => member.name === name));
  const others = members.filter(({ name }) => !main.includes(name) && name !== 'title');
  const title = members.find(({ name }) => name === 'title');
  const wrong = errors.at.get('') ?? [];
  return (
    <div class="form">
      <div class="kind">
        <Toggle
          label={labelOf(field.tag)}
          options={field.variants.map(({ name, object }) => [name, object.title] as const)}
          value={variant?.name ?? ''}
          onChange={(name) => change([], switched(field, document, name))}
        />
        <p class="faint">{variant?.object.description}</p>
        {wrong.map(({ found, allowed }) => (
          <p class="fault" key={allowed}>
            {field.tag}: found {found}, allowed: {allowed}
          </p>
        ))}
      </div>
      {title && <MemberView member={title} value={memberValue('title')} path={[]} />}
      {parts.map(({ name, field: part }) => (
        <Section key={name} label={labelOf(name)} field={part} value={memberValue(name)} path={[name]} isOpen />
      ))}
      {others.length > 0 && (
        <details class="form-section">
          <summary>
            <span class="name">Run</span>
            <span class="gist">labels, seed, attempts, engine</span>
          </summary>
          <div class="content">
            {others.map((member) => (
              <MemberView key={member.name} member={member} value={memberValue(member.name)} path={[]} />
            ))}
          </div>
        </details>
      )}
    </div>
  );
}
