import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { DryRun } from '../../../contract/dry-run.js';
import type { Json } from '../../forms/json.js';

/** What the service says about a document. */
export type Verdict =
  | { readonly state: 'waiting' }
  | { readonly state: 'valid'; readonly dryRun: DryRun }
  | { readonly state: 'refused'; readonly error: unknown };

export interface Checked {
  readonly verdict: Verdict;
  /** Whether the document has changed since. */
  readonly isStale: boolean;
}

/** @throws the service's error */
export type Ask = (document: Json, signal: AbortSignal) => Promise<DryRun>;

/** Milliseconds without a change before the service is asked. */
const pause = 300;

/**
 * Asks the service about a document while it changes: not at every key, and only about the latest. An answer that comes
 * late is not used.
 */
export class Check {
  private readonly latest: Signal<Checked> = signal({ verdict: { state: 'waiting' }, isStale: true });
  private timer: ReturnType<typeof setTimeout> | undefined;
  private request: AbortController | undefined;
  private asked: string | undefined;

  constructor(private readonly ask: Ask) {}

  get checked(): ReadonlySignal<Checked> {
    return this.latest;
  }

  /** The document is now this one. */
  follow(document: Json): void {
    const text = JSON.stringify(document);
    if (text === this.asked) return;
    const isFirst = this.asked === undefined;
    this.asked = text;
    this.stop();
    this.latest.value = { ...this.latest.peek(), isStale: true };
    this.timer = setTimeout(() => void this.run(document), isFirst ? 0 : pause);
  }

  /** The service has refused the document outside a check. */
  refuse(error: unknown): void {
    this.stop();
    this.latest.value = { verdict: { state: 'refused', error }, isStale: false };
  }

  /** Asks again at the next {@link follow}, whatever the document. */
  forget(): void {
    this.stop();
    this.asked = undefined;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.request?.abort();
  }

  private async run(document: Json): Promise<void> {
    const request = new AbortController();
    this.request = request;
    const verdict = await this.ask(document, request.signal).then(
      (dryRun): Verdict => ({ state: 'valid', dryRun }),
      (error: unknown): Verdict => ({ state: 'refused', error }),
    );
    if (!request.signal.aborted) this.latest.value = { verdict, isStale: false };
  }
}
