import { formatCount } from '../../figures/numbers.js';
import { Toggle } from '../parts/toggle.js';
import type { View } from './plot.js';
import { smoothingLengths } from './smoothing.js';

interface Props {
  view: View;
  iterations: number;
  /** Whether bands are drawn as usual. */
  band?: boolean;
  /** Changes fields of the address's query; undefined removes one. */
  onChange: (query: Record<string, string | undefined>) => void;
}

const scales = [
  ['log', 'Log'],
  ['symlog', 'Symlog'],
  ['linear', 'Linear'],
] as const;

/** How curves are looked at. */
export function ChartControls({ view, iterations, band = true, onChange }: Props) {
  const lengths = [...new Set([...smoothingLengths(iterations), view.smoothing])].sort((a, b) => a - b);
  return (
    <div class="row controls">
      <Toggle
        label="Vertical axis"
        options={scales}
        value={view.scale}
        onChange={(scale) => onChange({ scale: scale === 'log' ? undefined : scale })}
      />
      <label class="row">
        Smoothing
        <select
          class="field"
          value={String(view.smoothing)}
          onChange={({ currentTarget: { value } }) => onChange({ smooth: value === '0' ? undefined : value })}
        >
          {lengths.map((length) => (
            <option key={length} value={String(length)}>
              {length === 0 ? 'none' : `${formatCount(length)} meta-iterations`}
            </option>
          ))}
        </select>
      </label>
      <Check
        label="Minimum and maximum"
        checked={view.band}
        onChange={(on) => onChange({ band: on === band ? undefined : on ? 'on' : 'off' })}
      />
      <Check label="Fit all" checked={view.fitAll} onChange={(on) => onChange({ fit: on ? 'all' : undefined })} />
    </div>
  );
}

export function Check({
  label,
  checked,
  onChange,
}: {
  label: string;
  checked: boolean;
  onChange: (on: boolean) => void;
}) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={({ currentTarget }) => onChange(currentTarget.checked)} />
      {label}
    </label>
  );
}
