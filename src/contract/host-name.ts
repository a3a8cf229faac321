/**
 * A host's name as browsers write it: in lower case, in ASCII, an IPv6 address in brackets.
 * @returns null for anything else, such as text with a scheme, a port, a path or a wildcard
 */
export function parseHostName(text: string): string | null {
  const named = /^(\[[0-9a-f:.]+\]|[^\s:/?#@\\*[\]]+)$/i.test(text) && URL.canParse(`http://${text}`);
  return named ? new URL(`http://${text}`).hostname : null;
}
