import {
  type EitherField,
  type Field,
  memberOf,
  type ObjectField,
  type PresenceField,
  type Variant,
  type VariantsField,
} from './field.js';
import { isObject, type Json, type JsonObject, same } from './json.js';

/** Documents and their defaults. Values that do not fit their field are left as they are: the service says why. */

/** The value with every default filled in, as the service fills them in; undefined where there is none. */
export function complete(field: Field, value: Json | undefined): Json | undefined {
  if (value === undefined) return field.default === undefined ? undefined : complete(field, field.default);
  return within(field, value, complete);
}

/** The value without what is the same as its default; undefined where nothing is left to say. */
export function minimal(field: Field, value: Json | undefined): Json | undefined {
  if (value === undefined) return undefined;
  if (field.default !== undefined && same(complete(field, value), complete(field, undefined))) return undefined;
  return shortened(field, value);
}

/** As {@link minimal}, for a value that must be there: an item of a list, or a whole document. */
export function shortened(field: Field, value: Json): Json {
  return within(field, value, minimal);
}

/** Whether a document says something else than the default. */
export function isChanged(field: Field, value: Json | undefined): boolean {
  return minimal(field, value) !== undefined;
}

type Change = (field: Field, value: Json | undefined) => Json | undefined;

/** Changes the fields within a value. */
function within(field: Field, value: Json, change: Change): Json {
  switch (field.kind) {
    case 'object':
      return isObject(value) ? members(field, value, change) : value;
    case 'variants':
    case 'presence': {
      const object = sectionOf(field, value);
      return object && isObject(value) ? members(object, value, change) : value;
    }
    case 'nullable':
      return value === null ? null : within(field.field, value, change);
    case 'either': {
      const option = optionOf(field, value);
      return option ? within(option, value, change) : value;
    }
    case 'list':
      return Array.isArray(value) ? value.map((item) => within(field.item, item, change)) : value;
    default:
      return value;
  }
}

function members(field: ObjectField, value: JsonObject, change: Change): JsonObject {
  const known = field.members.map(({ name, field }) => [name, change(field, value[name])] as const);
  const unknown = Object.entries(value).filter(([name]) => !memberOf(field, name));
  return Object.fromEntries([...known, ...unknown].filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

/** The object that a value of several possible objects is meant to be. */
export function sectionOf(field: VariantsField | PresenceField, value: Json | undefined): ObjectField | undefined {
  if (field.kind === 'variants') return variantOf(field, value)?.object;
  return isObject(value) && field.field in value ? field.present : field.absent;
}

export function variantOf({ tag, variants }: VariantsField, value: Json | undefined): Variant | undefined {
  return isObject(value) ? variants.find(({ name }) => name === value[tag]) : undefined;
}

/** The option whose type a value has. */
export function optionOf({ options }: EitherField, value: Json | undefined): Field | undefined {
  return options.find((option) => {
    switch (option.kind) {
      case 'number':
        return typeof value === 'number';
      case 'choice':
        return option.values.some((one) => one === value);
      case 'list':
        return Array.isArray(value);
      case 'switch':
        return typeof value === 'boolean';
      case 'text':
        return typeof value === 'string';
      default:
        return isObject(value);
    }
  });
}

/** What to begin with where something is added that has no default: its fixed and its chosen parts. */
export function beginning(field: Field): Json {
  if (field.default !== undefined) return field.default;
  switch (field.kind) {
    case 'constant':
      return field.value;
    case 'object':
      return Object.fromEntries(
        field.members
          .filter((member) => member.isRequired && hasBeginning(member.field))
          .map((member) => [member.name, beginning(member.field)]),
      );
    case 'variants':
      return field.variants[0] ? beginning(field.variants[0].object) : {};
    case 'presence':
      return beginning(field.present);
    case 'list':
      return Array.from({ length: field.least }, () => beginning(field.item));
    case 'nullable':
      return beginning(field.field);
    case 'either':
      return beginning(field.options[0]!);
    case 'choice':
      return field.values[0] ?? null;
    case 'number':
      return field.low === null ? 0 : field.low.value;
    case 'switch':
      return false;
    default:
      return '';
  }
}

/** Whether {@link beginning} is more than a guess. A number or a text that is required is left for the user to give. */
function hasBeginning(field: Field): boolean {
  if (field.default !== undefined) return true;
  return field.kind !== 'number' && field.kind !== 'text' && field.kind !== 'either' && field.kind !== 'json';
}
