import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Delivery, type FromChild, maxOutstanding, type RunRequest, type ToChild } from './messages.js';

/** The child's end of the channel to its worker. */
export class ParentLink {
  /** Resolves with the job to run. */
  readonly request: Promise<RunRequest>;
  private outstanding = 0;
  private stopAsked = false;
  private wake = (): void => {};

  constructor() {
    this.request = new Promise((resolve) => {
      process.on('message', (message: ToChild) => {
        if (message.type === 'run') resolve(message);
        else if (message.type === 'credit') this.outstanding--;
        else this.stopAsked = true;
        this.wake();
      });
    });
    // Without its worker, a job cannot report anything.
    process.once('disconnect', () => process.exit(1));
  }

  get stopping(): boolean {
    return this.stopAsked;
  }

  /**
   * Lets the event loop process messages, which computing blocks, and waits while too many deliveries are outstanding.
   */
  async turn(): Promise<void> {
    await nextTurn();
    while (this.outstanding >= maxOutstanding && !this.stopAsked) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  async deliver(delivery: Delivery): Promise<void> {
    this.outstanding++;
    await this.send(delivery);
  }

  /** Resolves when the channel has taken the whole message, so that computing does not delay the rest. */
  send(message: FromChild): Promise<void> {
    return new Promise((resolve, reject) => {
      process.send!(message, (error) => (error ? reject(error) : resolve()));
    });
  }
}
