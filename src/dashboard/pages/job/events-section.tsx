import { useSignal } from '@preact/signals';
import { formatCount, formatTime } from '../../../figures/numbers.js';
import type { Told } from './job-model.js';

/** Lines shown at first. */
const few = 12;

/** What happened, latest first. */
export function EventsSection({ told }: { told: Told | null }) {
  const all = useSignal(false);
  const log = told?.history.log ?? [];
  const shown = (all.value ? log : log.slice(-few)).toReversed();
  return (
    <section class="section" aria-labelledby="events-title">
      <h2 id="events-title">Events</h2>
      <ol class="log">
        {shown.map(({ key, time, text, isAlarm }) => (
          <li key={key} class={isAlarm ? 'alarm' : undefined}>
            <time class="faint" dateTime={new Date(time).toISOString()}>
              {formatTime(new Date(time).toISOString())}
            </time>
            <span>{text}</span>
          </li>
        ))}
      </ol>
      {log.length > few && !all.value && (
        <button
          type="button"
          class="button plain"
          onClick={() => {
            all.value = true;
          }}
        >
          All {formatCount(log.length)}
        </button>
      )}
    </section>
  );
}
