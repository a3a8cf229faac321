import type { Json, JsonObject } from './json.js';

/** The fields of a form, made from the contract's JSON Schemas. */

interface Common {
  /** The schema's own title, or ''. */
  readonly title: string;
  readonly description: string;
  /** The value that an absent field stands for. */
  readonly default?: Json;
}

export interface TextField extends Common {
  readonly kind: 'text';
  readonly least: number;
  readonly most: number;
  readonly pattern: string | null;
}
export interface NumberField extends Common {
  readonly kind: 'number';
  readonly isInteger: boolean;
  readonly low: Bound | null;
  readonly high: Bound | null;
}
export interface Bound {
  readonly value: number;
  /** Whether the bound itself is not allowed. */
  readonly isOpen: boolean;
}
export interface SwitchField extends Common {
  readonly kind: 'switch';
}
export interface ChoiceField extends Common {
  readonly kind: 'choice';
  readonly values: readonly (string | number)[];
}
export interface ListField extends Common {
  readonly kind: 'list';
  readonly item: Field;
  readonly least: number;
  readonly most: number;
  readonly isUnique: boolean;
}
export interface ObjectField extends Common {
  readonly kind: 'object';
  readonly members: readonly Member[];
}
export interface Member {
  readonly name: string;
  readonly isRequired: boolean;
  /** A constant is no field: {@link VariantsField} chooses it. */
  readonly field: Field;
}
export interface ConstantField extends Common {
  readonly kind: 'constant';
  readonly value: Json;
}
/** One of several objects, told apart by the constant in the field `tag`. */
export interface VariantsField extends Common {
  readonly kind: 'variants';
  readonly tag: string;
  readonly variants: readonly Variant[];
}
export interface Variant {
  readonly name: string;
  readonly object: ObjectField;
}
/** One of two objects, told apart by whether a field is present. */
export interface PresenceField extends Common {
  readonly kind: 'presence';
  readonly field: string;
  readonly present: ObjectField;
  readonly absent: ObjectField;
}
export interface NullableField extends Common {
  readonly kind: 'nullable';
  readonly field: Field;
}
/** Values of different types, such as a number or one of some words. */
export interface EitherField extends Common {
  readonly kind: 'either';
  readonly options: readonly Field[];
}
/** A schema that the form cannot show otherwise, such as one of a plugin: its value is edited as JSON. */
export interface JsonField extends Common {
  readonly kind: 'json';
  readonly reason: string;
}

export type Field =
  | TextField
  | NumberField
  | SwitchField
  | ChoiceField
  | ListField
  | ObjectField
  | ConstantField
  | VariantsField
  | PresenceField
  | NullableField
  | EitherField
  | JsonField;

/** A JSON Schema, as the contract's builders and the catalogue have them. */
export type Schema = JsonObject;

/** Whether a field is one input, without fields of its own. */
export function isSimple(field: Field): boolean {
  switch (field.kind) {
    case 'nullable':
      return isSimple(field.field);
    case 'list':
      return isWord(field.item);
    case 'either':
      return field.options.every(isSimple);
    default:
      return isWord(field);
  }
}

function isWord({ kind }: Field): boolean {
  return kind === 'text' || kind === 'number' || kind === 'choice' || kind === 'switch' || kind === 'json';
}

/** The member of a section that a step of a pointer names. */
export function memberOf({ members }: ObjectField, name: string): Member | undefined {
  return members.find((member) => member.name === name);
}
