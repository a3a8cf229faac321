import { type Signal, useSignal } from '@preact/signals';

interface Action {
  readonly busy: Signal<boolean>;
  /** Why the latest try failed; null if it did not. */
  readonly failure: Signal<unknown>;
  go(): Promise<void>;
}

/** Something that a button does: it cannot be asked for twice at a time, and its failure is kept to be shown. */
export function useAction(act: () => Promise<void>): Action {
  const busy = useSignal(false);
  const failure = useSignal<unknown>(null);
  const go = async () => {
    busy.value = true;
    failure.value = null;
    try {
      await act();
    } catch (error) {
      failure.value = error;
    } finally {
      busy.value = false;
    }
  };
  return { busy, failure, go };
}
