import type { AddonHandle, Descriptor, LoadedAddon } from './addon.js';

/** State in native memory, and the calls that use it. */
export class NativeHandle {
  private readonly handle: AddonHandle;

  /** @param descriptor what native/engine/handles/ reads for the kind; its arrays are kept, and must not change */
  constructor(
    private readonly native: LoadedAddon,
    descriptor: Descriptor & { readonly kind: string },
  ) {
    this.handle = native.addon.open(descriptor);
  }

  /** @param operations approximate multiply-adds, which decide whether the call blocks the event loop */
  call(operation: string, operations: number, fields: Descriptor): Promise<void> {
    const { addon, calls } = this.native;
    return calls.make(operations, (background) => addon.call(this.handle, operation, background, fields));
  }

  /** A call that only copies. */
  now(operation: string, fields: Descriptor): void {
    this.native.addon.call(this.handle, operation, false, fields);
  }

  /** Frees its memory, once a call in the background has ended. */
  close(): void {
    this.native.addon.close(this.handle);
  }
}
