import { type ReadonlySignal, signal } from '@preact/signals';
import type { Job } from '../../../contract/job.js';
import type { Json } from '../../forms/json.js';

/**
 * Submits documents. Until the service has answered, the same document goes under the same key, so that a double click or
 * another try after a lost connection makes one job.
 */
export class Submission {
  private readonly busy = signal(false);
  private latest: { readonly text: string; readonly key: string } | undefined;

  /** @param create makes a job, or returns the one that the key made before */
  constructor(private readonly create: (document: Json, idempotencyKey: string) => Promise<Job>) {}

  get isBusy(): ReadonlySignal<boolean> {
    return this.busy;
  }

  async send(document: Json): Promise<Job> {
    const text = JSON.stringify(document);
    if (this.latest?.text !== text) this.latest = { text, key: randomKey() };
    this.busy.value = true;
    try {
      return await this.create(document, this.latest.key);
    } finally {
      this.busy.value = false;
    }
  }
}

/** Not crypto.randomUUID, which pages without TLS lack. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
