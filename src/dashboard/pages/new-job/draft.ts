import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { edited } from '../../forms/edit.js';
import type { Field } from '../../forms/field.js';
import type { Json, Path } from '../../forms/json.js';
import { type Format, type ReadText, readText, reviseText, writeText } from '../../forms/text.js';
import { shortened } from '../../forms/values.js';

/** What a draft is kept as, for a reload. */
export interface KeptDraft {
  readonly text: string;
  readonly format: Format;
}

/** A document under way. Its text is what is kept; the form reads it and changes it. */
export class Draft {
  private readonly kept: Signal<KeptDraft>;
  private readonly read: ReadonlySignal<ReadText>;
  /** The text's document; while the text is none, the one that it had last. */
  readonly document: ReadonlySignal<Json>;

  constructor(
    private readonly field: Field,
    start: KeptDraft,
  ) {
    this.kept = signal(start);
    this.read = computed(() => readText(this.kept.value.text));
    let last: Json = {};
    this.document = computed(() => {
      last = this.read.value.document ?? last;
      return last;
    });
  }

  get state(): KeptDraft {
    return this.kept.value;
  }

  /** Why the text is no document. */
  get fault(): ReadText['fault'] {
    return this.read.value.fault;
  }

  /** The document as it is sent: only what differs from the defaults. */
  get sent(): Json {
    return shortened(this.field, this.document.value);
  }

  /** A change in the text. */
  write(text: string): void {
    this.kept.value = { ...this.kept.value, text };
  }

  /** Another text, in YAML. */
  restart(text: string): void {
    this.kept.value = { text, format: 'yaml' };
  }

  /** A change in the form. */
  change(path: Path, value: Json | undefined): void {
    const { text, format } = this.kept.peek();
    const document = edited(this.field, this.document.peek(), path, value);
    this.kept.value = { format, text: reviseText(text, format, document) };
  }

  /** The same document in the other format. A text that is no document stays. */
  show(format: Format): void {
    const { text } = this.kept.peek();
    const { document } = this.read.peek();
    this.kept.value = { format, text: document ? writeText(document, format) : text };
  }
}
