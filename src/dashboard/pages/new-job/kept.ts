import type { KeptDraft } from './draft.js';

/** Drafts of this tab, kept for a reload. */

const prefix = 'metadescent new job ';

/** @param name tells drafts apart: what they began with */
export function readKept(name: string): KeptDraft | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(prefix + name) ?? 'null') as Partial<KeptDraft> | null;
    if (typeof kept?.text !== 'string') return null;
    return { text: kept.text, format: kept.format === 'json' ? 'json' : 'yaml' };
  } catch {
    // The storage is closed to this page, or has something else.
    return null;
  }
}

/** @param draft null forgets it */
export function keep(name: string, draft: KeptDraft | null): void {
  try {
    if (draft) sessionStorage.setItem(prefix + name, JSON.stringify(draft));
    else sessionStorage.removeItem(prefix + name);
  } catch {
    // Then a reload begins again.
  }
}
