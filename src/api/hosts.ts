import { parseHostName } from '../contract/host-name.js';

/** Names that the service answers to, besides those of the loopback interface; null for any. */
export type Hosts = readonly string[] | null;

/**
 * The names of a service that listens on an address. On loopback they are that interface's alone, since whoever comes
 * by another was led there; on a network, what the operator names, or any.
 * @param allowed by the operator: names without a port
 */
export function hostsOf(address: string, allowed: readonly string[]): Hosts {
  const names = allowed.map((name) => {
    const parsed = parseHostName(name);
    if (parsed === null) throw new RangeError(`allowed host ${JSON.stringify(name)}: expected a name without a port`);
    return parsed;
  });
  return isLoopback(address) || names.length > 0 ? names : null;
}

/** Whether the service answers to a `Host`, which may have a port. */
export function answersTo(hosts: Hosts, host: string): boolean {
  if (hosts === null) return true;
  const name = nameOf(host);
  return name !== null && (isLoopback(name) || hosts.includes(name));
}

/**
 * Whether a page of this origin is the service's own: the origin is what the request was sent to, default ports and case
 * evened out, or has a name that the operator allows, which a proxy may not pass on as the host.
 */
export function ownsPages(hosts: Hosts, origin: string, host: string | undefined): boolean {
  if (!/^https?:/i.test(origin) || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (hosts?.includes(page.hostname)) return true;
  const here = `${page.protocol}//${host}`;
  return host !== undefined && nameOf(host) !== null && URL.canParse(here) && new URL(here).host === page.host;
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
