import type { FieldError } from '../../contract/errors.js';
import { type Field, isSimple, memberOf } from './field.js';
import { isObject, type Json, type JsonObject, pointerOf, stepsOf } from './json.js';
import { optionOf, sectionOf } from './values.js';

/** Where the service's errors are shown. */
export interface PlacedErrors {
  /** By the pointer of the field that shows them. */
  readonly at: ReadonlyMap<string, readonly FieldError[]>;
  /** Those that no field of the form shows, such as unknown fields. */
  readonly elsewhere: readonly FieldError[];
}

export const noErrors: PlacedErrors = { at: new Map(), elsewhere: [] };

export function placeErrors(errors: readonly FieldError[], field: Field, document: Json): PlacedErrors {
  const at = new Map<string, FieldError[]>();
  const elsewhere: FieldError[] = [];
  for (const error of errors) {
    const steps = stepsOf(error.pointer);
    const depth = depthOfPlace(field, document, steps);
    if (depth === null) elsewhere.push(error);
    else {
      const pointer = pointerOf(steps.slice(0, depth));
      at.set(pointer, [...(at.get(pointer) ?? []), error]);
    }
  }
  return { at, elsewhere };
}

/** Steps of a pointer to the field that shows an error there; null if none does. */
function depthOfPlace(field: Field, value: Json | undefined, steps: readonly string[]): number | null {
  const [step, ...rest] = steps;
  // A single input shows what is wrong inside its value, such as one number of a list.
  if (step === undefined || isSimple(field)) return 0;
  const one = (inner: Field | undefined, of: Json | undefined) => {
    const depth = inner && depthOfPlace(inner, of, rest);
    return depth == null ? null : 1 + depth;
  };
  switch (field.kind) {
    case 'nullable':
      return value === null ? 0 : depthOfPlace(field.field, value, steps);
    case 'either': {
      const option = optionOf(field, value);
      return option ? depthOfPlace(option, value, steps) : 0;
    }
    case 'list':
      return one(field.item, Array.isArray(value) ? value[Number(step)] : undefined);
    case 'object':
      return one(memberOf(field, step)?.field, memberValue(value, step));
    case 'variants':
      // The choice of the variant stands for the tag.
      if (step === field.tag) return 0;
      break;
    case 'presence':
      break;
    default:
      return 0;
  }
  const object = sectionOf(field, value);
  return object ? one(memberOf(object, step)?.field, memberValue(value, step)) : 0;
}

function memberValue(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) ? (value as JsonObject)[name] : undefined;
}
