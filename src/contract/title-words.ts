/**
 * The words of a title, or of a search for titles: letters and digits, in a form in which two words are equal if they
 * differ only in case or in the way Unicode writes them. Each once.
 */
export function titleWords(text: string): string[] {
  // Capitals, since small letters are ambiguous: "ß" and "ss", "ς" and "σ".
  const folded = text.normalize('NFKC').toUpperCase().normalize('NFKC');
  return [...new Set(folded.match(/[\p{L}\p{M}\p{N}]+/gu))];
}

/** Whether each word of the search is the beginning of a word of the title. */
export function matchesTitle(title: string | null, search: string): boolean {
  const words = titleWords(title ?? '');
  return titleWords(search).every((beginning) => words.some((word) => word.startsWith(beginning)));
}
