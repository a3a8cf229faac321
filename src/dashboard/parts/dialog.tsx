import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { ErrorNote } from './error-note.js';
import { useAction } from './use-action.js';

interface DialogProps {
  title: string;
  /** After Escape, too. */
  onClose: () => void;
  children: ComponentChildren;
}

/** A modal dialog, open while it is rendered. Focus returns to where it was. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const { current } = dialog;
    current?.showModal();
    return () => current?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <div class="stack">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

interface ConfirmProps extends DialogProps {
  /** What the button does, as a verb. */
  verb: string;
  /** Its failure is shown, and the dialog stays. */
  act: () => Promise<void>;
  /** Whether it destroys something. */
  danger?: boolean;
}

/** Asks before it acts, and closes once that is done. */
export function Confirm({ title, verb, act, danger = false, onClose, children }: ConfirmProps) {
  const { busy, failure, go } = useAction(async () => {
    await act();
    onClose();
  });
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      {failure.value !== null && <ErrorNote error={failure.value} />}
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Keep
        </button>
        <button type="button" class={`button ${danger ? 'danger' : 'primary'}`} disabled={busy.value} onClick={go}>
          {verb}
        </button>
      </div>
    </Dialog>
  );
}
