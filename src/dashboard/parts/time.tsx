import { useComputed } from '@preact/signals';
import { formatTime } from '../../figures/numbers.js';
import { now } from '../service/clock.js';
import { formatAge } from './ages.js';

/**
 * How long ago a time of the service was; the time itself is its title.
 * @param at ISO 8601
 */
export function Age({ at }: { at: string }) {
  const text = useComputed(() => formatAge(now.value - Date.parse(at)));
  return (
    <time dateTime={at} title={formatTime(at)}>
      {text}
    </time>
  );
}
