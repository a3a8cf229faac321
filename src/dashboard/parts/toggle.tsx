interface Props<T extends string> {
  label: string;
  /** Values with what is read on their buttons. */
  options: readonly (readonly [value: T, title: string])[];
  value: T;
  onChange: (value: T) => void;
}

/** A choice between a few values, all visible. */
export function Toggle<T extends string>({ label, options, value, onChange }: Props<T>) {
  return (
    <fieldset class="toggle" aria-label={label}>
      {options.map(([option, title]) => (
        <button type="button" key={option} aria-pressed={option === value} onClick={() => onChange(option)}>
          {title}
        </button>
      ))}
    </fieldset>
  );
}
