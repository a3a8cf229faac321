import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { PlacedErrors } from './errors.js';
import type { Json, Path } from './json.js';

/** What the fields of a form share. */
export interface FormState {
  /** Gives a field another value; undefined leaves it to its default, or takes an item out of its list. */
  change(path: Path, value: Json | undefined): void;
  readonly errors: PlacedErrors;
  /** Values to choose from for a text, by its pointer. */
  readonly suggestions: Readonly<Record<string, readonly Suggestion[]>>;
}

export interface Suggestion {
  readonly value: string;
  readonly label: string;
}

export const FormContext = createContext<FormState | null>(null);

/** @throws Error outside a form */
export function useForm(): FormState {
  const form = useContext(FormContext);
  if (form) return form;
  throw new Error('a field is outside a form');
}

/** What a view of a field is given. */
export interface FieldProps<F> {
  field: F;
  /** What the document says, or undefined. */
  value: Json | undefined;
  path: Path;
}
