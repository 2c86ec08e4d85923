import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';

export const newSecret = (): string => randomBytes(32).toString('base64url');

/** Whether a secret was given, in a time that says nothing about how much of it was right. */
export function sameSecret(given: string | undefined, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(secret)) && given !== undefined;
}

/** The value of a cookie in a request. */
export function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [key, ...value] = pair.trim().split('=');
    if (key === name) return value.join('=');
  }
  return undefined;
}

/**
 * Whether a request names this server by a name of its own. A page that had its domain point to this machine (DNS
 * rebinding) names that domain. The port is left open, for tunnels.
 *
 * @param bound the address that the server was told to listen on
 */
export function isOwnHost(host: string | undefined, bound: string): boolean {
  if (host === undefined || !/^[\w.:[\]-]{1,255}$/.test(host)) return false;
  const address = URL.parse(`http://${host}`);
  if (address === null) return false;
  const name = address.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (['127.0.0.1', 'localhost', '::1'].includes(name)) return true;
  if (isLoopback(bound)) return false;
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((one) => one.address));
  return [bound, hostname(), ...own].some((one) => one.toLowerCase() === name);
}

/** Whether only programs on this machine reach a server that listens there. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}

/** Whether the request was made by a page of this server, as the browser states it. `Host` must have been checked. */
export function isOwnOrigin({ headers }: IncomingMessage): boolean {
  return headers.origin !== undefined && URL.parse(headers.origin)?.host === headers.host?.toLowerCase();
}

/**
 * Whether a page of somebody else's had the browser ask. Other programs' pages on this machine are of the same *site*,
 * whatever their port, and the cookie goes with what they ask: hence this, beside `SameSite=Strict`.
 */
export function isForeign(request: IncomingMessage): boolean {
  if (request.headers.origin !== undefined && !isOwnOrigin(request)) return true;
  const site = request.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  // To follow a link to the studio is no harm: the page that holds the link learns nothing.
  return request.headers['sec-fetch-mode'] !== 'navigate' || request.headers['sec-fetch-dest'] !== 'document';
}
