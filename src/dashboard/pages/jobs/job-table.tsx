import { batch, useComputed } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Sparkline } from '../../parts/sparkline.js';
import { StateBadge } from '../../parts/state-badge.js';
import { Age } from '../../parts/time.js';
import { addresses } from '../../service/addresses.js';
import type { JobList } from './job-list.js';
import type { JobRow } from './job-row.js';
import type { Selection } from './selection.js';

interface Props {
  list: JobList;
  selection: Selection;
}

/** The jobs, a row each. Arrows move between the rows' boxes; with Shift they select. */
export function JobTable({ list, selection }: Props) {
  return (
    <table class="table jobs">
      <caption class="unseen">Jobs, newest first. Up and down move between the boxes; with Shift they select.</caption>
      <thead>
        <tr>
          <th scope="col" class="choice">
            <All list={list} selection={selection} />
          </th>
          <th scope="col" class="name">
            Job
          </th>
          <th scope="col" class="state">
            State
          </th>
          <th scope="col" class="progress">
            Progress
          </th>
          <th scope="col" class="pace number">
            Pace
          </th>
          <th scope="col" class="loss">
            Loss
          </th>
          <th scope="col" class="age number">
            Age
          </th>
        </tr>
      </thead>
      <tbody onKeyDown={(event) => move(event, selection)}>
        {list.rows.value.map((row) => (
          <Row key={row.id} row={row} selection={selection} />
        ))}
      </tbody>
    </table>
  );
}

function All({ list, selection }: Props) {
  const box = useRef<HTMLInputElement>(null);
  const count = selection.count.value;
  const all = count > 0 && count === list.rows.value.length;
  useEffect(() => {
    if (box.current) box.current.indeterminate = count > 0 && !all;
  }, [count, all]);
  return (
    <input
      type="checkbox"
      ref={box}
      aria-label="Select all"
      checked={all}
      onChange={({ currentTarget }) => selection.setAll(currentTarget.checked)}
    />
  );
}

/** Rows near the window's part of the page are in sight. */
const rowsOf = new WeakMap<Element, JobRow>();
const sight = new IntersectionObserver(
  (entries) => {
    batch(() => {
      for (const { target, isIntersecting } of entries) rowsOf.get(target)?.show(isIntersecting);
    });
  },
  { rootMargin: '200px' },
);

function Row({ row, selection }: { row: JobRow; selection: Selection }) {
  const element = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    const { current } = element;
    if (!current) return;
    rowsOf.set(current, row);
    sight.observe(current);
    return () => {
      sight.unobserve(current);
      row.show(true);
    };
  }, [row]);
  const chosen = useComputed(() => selection.has(row.id));
  const label = useComputed(() => `Select ${row.name.value}`);
  const { createdAt } = row.summary.peek();
  return (
    <tr data-job={row.id} ref={element}>
      <td class="choice">
        <input
          type="checkbox"
          aria-label={label}
          checked={chosen}
          onClick={({ shiftKey, currentTarget }) => {
            if (shiftKey && currentTarget.checked) selection.extend(row.id);
            else selection.set(row.id, currentTarget.checked);
          }}
        />
      </td>
      <th scope="row" class="name">
        <a href={addresses.job(row.id)} title={row.name}>
          {row.name}
        </a>
        <small>
          {row.problem}
          <span class="labels">{row.labels}</span>
        </small>
      </th>
      <td class="state">
        <State row={row} />
        <small>{row.failure}</small>
      </td>
      <td class="progress">
        <Bar row={row} />
        <small>{row.progressText}</small>
      </td>
      <td class="pace number">
        <span class="line">{row.paceText}</span>
        <small>{row.leftText}</small>
      </td>
      <td class="loss">
        <span>
          <Curve row={row} />
          <span class="line">{row.lossText}</span>
        </span>
      </td>
      <td class="age number">
        <Age at={createdAt} />
      </td>
    </tr>
  );
}

function State({ row }: { row: JobRow }) {
  return <StateBadge state={row.state.value} />;
}

function Curve({ row }: { row: JobRow }) {
  return <Sparkline curve={row.sparkline.value} />;
}

function Bar({ row }: { row: JobRow }) {
  const still = useComputed(() => !row.moving.value);
  return <progress aria-label="Progress" value={row.done} max={row.total} hidden={still} />;
}

function move(event: KeyboardEvent, selection: Selection): void {
  const { key, target, shiftKey } = event;
  const step = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
  if (step === 0 || !(target instanceof HTMLInputElement)) return;
  const row = target.closest('tr');
  const other = step > 0 ? row?.nextElementSibling : row?.previousElementSibling;
  const box = other?.querySelector('input');
  if (!box || !(other instanceof HTMLElement)) return;
  event.preventDefault();
  box.focus();
  if (!shiftKey) return;
  if (target.checked === false) selection.set(row?.dataset.job ?? '', true);
  selection.extend(other.dataset.job ?? '');
}
