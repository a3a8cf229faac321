import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { JobRow } from './job-row.js';

/** The rows that are chosen, of those that the list shows. */
export class Selection {
  private readonly ids = signal<ReadonlySet<string>>(new Set());
  /** Where a range begins: the row chosen last. */
  private anchor: string | null = null;

  constructor(private readonly rows: ReadonlySignal<readonly JobRow[]>) {}

  readonly chosen = computed(() => this.rows.value.filter(({ id }) => this.ids.value.has(id)));
  readonly count = computed(() => this.chosen.value.length);

  has(id: string): boolean {
    return this.ids.value.has(id);
  }

  set(id: string, on: boolean): void {
    this.change([id], on);
    this.anchor = id;
  }

  /** Chooses the rows from the one chosen last to this one. */
  extend(id: string): void {
    const ids = this.rows.peek().map((row) => row.id);
    const [from, to] = [ids.indexOf(this.anchor ?? id), ids.indexOf(id)].sort((a, b) => a - b);
    this.change(ids.slice(Math.max(0, from!), to! + 1), true);
    this.anchor = id;
  }

  setAll(on: boolean): void {
    this.ids.value = new Set(on ? this.rows.peek().map(({ id }) => id) : []);
  }

  private change(ids: readonly string[], on: boolean): void {
    const next = new Set(this.ids.peek());
    for (const id of ids)
      if (on) next.add(id);
      else next.delete(id);
    this.ids.value = next;
  }
}
