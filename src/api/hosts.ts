/** Names that the service answers to, besides those of the loopback interface; null for any. */
export type Hosts = readonly string[] | null;

/**
 * The names of a service that listens on an address. On loopback they are that interface's alone, since whoever comes
 * by another was led there; on a network, what the operator names, or any.
 * @param allowed by the operator: names without a port
 */
export function hostsOf(address: string, allowed: readonly string[]): Hosts {
  return isLoopback(address) || allowed.length > 0 ? allowed.map((name) => name.toLowerCase()) : null;
}

/** Whether the service answers to a `Host`, which may have a port. */
export function answersTo(hosts: Hosts, host: string): boolean {
  if (hosts === null) return true;
  const name = nameOf(host);
  return name !== null && (isLoopback(name) || hosts.includes(name));
}

/** The name without the port, as a browser understands it; an IPv6 address keeps its brackets. */
function nameOf(host: string): string | null {
  const url = `http://${host}`;
  if (/[/?#@\\]/.test(host) || !URL.canParse(url)) return null;
  return new URL(url).hostname;
}

function isLoopback(name: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/i.test(name);
}
