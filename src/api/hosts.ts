import { parseHostName } from '../contract/host-name.js';

/** Names that the service answers to besides those of the loopback interface; null for any. */
export type Hosts = readonly string[] | null;

/**
 * The names that a service answers to, by its address. On loopback only that interface's and the allowed ones, since
 * any other was made to point here; on a network the allowed ones, or any if there are none.
 * @param allowed names that the operator allows, without a port
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
 * Whether a page of this origin may use the service: its origin is where the request was sent, apart from case and
 * default ports, or its name is one that the operator allows. The latter is for proxies that do not pass on the host.
 */
export function ownsPages(hosts: Hosts, origin: string, host: string | undefined): boolean {
  if (!/^https?:/i.test(origin) || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (hosts?.includes(page.hostname)) return true;
  const here = `${page.protocol}//${host}`;
  return host !== undefined && nameOf(host) !== null && URL.canParse(here) && new URL(here).host === page.host;
}

/** The name without the port, as browsers parse it; an IPv6 address keeps its brackets. */
function nameOf(host: string): string | null {
  const url = `http://${host}`;
  if (/[/?#@\\]/.test(host) || !URL.canParse(url)) return null;
  return new URL(url).hostname;
}

function isLoopback(name: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/i.test(name);
}
