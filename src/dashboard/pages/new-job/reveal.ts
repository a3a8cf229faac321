/** Brings a field into view, with the sections around it open. Returns false if the form has none for the pointer. */
export function revealField(pointer: string): boolean {
  const element = document.getElementById(`field${pointer}`);
  if (!element) return false;
  for (let at: Element | null = element; at; at = at.parentElement)
    if (at instanceof HTMLDetailsElement) at.open = true;
  const input = element.matches('details, fieldset') ? element.querySelector<HTMLElement>('input, select') : element;
  (input ?? element).focus();
  element.scrollIntoView({ block: 'nearest' });
  return true;
}

/** Puts the caret at the beginning of a line, from 1. */
export function revealLine(area: HTMLTextAreaElement | null, line: number): void {
  if (!area) return;
  const lines = area.value.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  area.scrollTop = ((line - 3) / lines.length) * area.scrollHeight;
}
