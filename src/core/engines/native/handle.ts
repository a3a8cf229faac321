import type { AddonHandle, LoadedAddon } from './addon.js';
import type { Descriptor } from './fields.js';

/** To open one of these takes less than half the time of making one and having it collected. */
const closed: AddonHandle[] = [];

/** State in native memory, and the calls that use it. */
export class NativeHandle {
  /** null once it is closed. */
  private opened: AddonHandle | null;

  /** @param descriptor what native/engine/handles/ reads for the kind; its arrays are kept, and must not change */
  constructor(
    private readonly native: LoadedAddon,
    descriptor: Descriptor & { readonly kind: string },
  ) {
    this.opened = native.addon.open(descriptor, closed.pop());
  }

  private get handle(): AddonHandle {
    if (this.opened === null) throw new RangeError('a call of a handle that is closed');
    return this.opened;
  }

  /** @param operations approximate multiply-adds, which decide whether the call blocks the event loop */
  call(operation: string, operations: number, fields: Descriptor): Promise<void> {
    const { handle } = this;
    const { addon, calls } = this.native;
    return calls.make(operations, (background) => addon.call(handle, operation, background, fields));
  }

  /** A call that only copies. */
  now(operation: string, fields: Descriptor): void {
    this.native.addon.call(this.handle, operation, false, fields);
  }

  /** Frees its memory, once a call in the background has ended. Closing again does nothing. */
  close(): void {
    if (this.opened === null) return;
    this.native.addon.close(this.opened);
    closed.push(this.opened);
    this.opened = null;
  }
}
