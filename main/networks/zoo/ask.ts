import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { CancelledError, messageOf, UserError } from '../../contract/errors.ts';
import { isAllowed } from './source.ts';

/** Something that another try may mend: the message says what, without a full stop. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  /** Seconds that the server asks to wait. */
  readonly wait: number | undefined;

  constructor(message: string, wait?: number) {
    super(message);
    this.wait = wait;
  }
}

/** The server has no such file. */
export class NotThere extends Error {
  override readonly name = 'NotThere';
}

/** A connection to the world, by the proxy that the environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). */
export function connect(stall: number): EnvHttpProxyAgent {
  return new EnvHttpProxyAgent({
    headersTimeout: stall,
    bodyTimeout: stall,
    connect: { timeout: stall },
  });
}

/** The same resource under another address, followed no more often than this. */
const mostRedirects = 10;

/**
 * Asks for a file, following redirections to allowed addresses.
 *
 * @returns an answer of 200 or 206, or 416 where the server has no such part
 * @throws NotThere, Interruption, CancelledError, or UserError where no further try would help
 */
export async function ask(
  origin: URL,
  headers: Readonly<Record<string, string>>,
  { dispatcher, signal }: { readonly dispatcher: Dispatcher; readonly signal?: AbortSignal | undefined },
): Promise<Dispatcher.ResponseData> {
  let address = origin;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const answer = await send(address, headers, dispatcher, signal);
    if (![301, 302, 303, 307, 308].includes(answer.statusCode)) return accepted(answer, address);
    await discard(answer);
    address = redirected(answer, address, origin);
  }
  throw new UserError(`${origin.host} sends from one address to the next without end. Try another source.`);
}

async function send(
  address: URL,
  headers: Readonly<Record<string, string>>,
  dispatcher: Dispatcher,
  signal: AbortSignal | undefined,
): Promise<Dispatcher.ResponseData> {
  try {
    return await request(address, {
      dispatcher,
      headers: { 'accept-encoding': 'identity', 'user-agent': 'Parfocal', ...headers },
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    throw explained(error, address.host, signal);
  }
}

function redirected(answer: Dispatcher.ResponseData, address: URL, origin: URL): URL {
  const location = headerOf(answer, 'location');
  if (location === undefined || !URL.canParse(location, address.href))
    throw new UserError(`${address.host} sends elsewhere without saying where. Try another source.`);
  const next = new URL(location, address);
  if (!isAllowed(next, origin))
    throw new UserError(
      `${address.host} sends to ${next.protocol}//${next.host}, which is not a safe address. Nothing was fetched from there.`,
    );
  return next;
}

/** Only an answer with a body to use, or one that says that there is no such part. */
async function accepted(answer: Dispatcher.ResponseData, { host }: URL): Promise<Dispatcher.ResponseData> {
  const { statusCode } = answer;
  if ([200, 206, 416].includes(statusCode)) return answer;
  await discard(answer);
  if ([401, 403, 404, 410].includes(statusCode)) throw new NotThere(`${host} answered ${statusCode}`);
  if (statusCode === 407)
    throw new UserError('The proxy wants a name and a password. Put them into the environment variable HTTPS_PROXY.');
  if (statusCode >= 500 || statusCode === 408 || statusCode === 429) {
    const wait = Number(headerOf(answer, 'retry-after'));
    throw new Interruption(`${host} is busy or out of order (it answered ${statusCode})`, wait > 0 ? wait : undefined);
  }
  throw new UserError(`${host} answered ${statusCode}, which is not what a file is given with. Try another source.`);
}

/** Nothing of a body that is not wanted is kept; a long one is not read to its end. */
async function discard({ body }: Dispatcher.ResponseData): Promise<void> {
  await body.dump({ limit: 65_536 }).catch(() => undefined);
}

export function headerOf({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Codes of Node and of TLS that no further try mends: the certificate is not trusted. */
const distrust = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

const reasons: Readonly<Partial<Record<string, (host: string) => string>>> = {
  ENOTFOUND: (host) => `the address of ${host} was not found; is this computer online`,
  EAI_AGAIN: (host) => `the address of ${host} was not found; is this computer online`,
  ECONNREFUSED: (host) => `${host} takes no connections`,
  ENETUNREACH: (host) => `${host} is out of reach`,
  EHOSTUNREACH: (host) => `${host} is out of reach`,
  UND_ERR_CONNECT_TIMEOUT: (host) => `${host} does not answer`,
  UND_ERR_HEADERS_TIMEOUT: (host) => `${host} does not answer`,
  UND_ERR_BODY_TIMEOUT: (host) => `${host} sends nothing any more`,
};

/** What a connection's failure is to whoever asked. */
export function explained(error: unknown, host: string, signal: AbortSignal | undefined): Error {
  if (signal?.aborted) return new CancelledError('The download');
  const code = codeOf(error);
  if (code !== undefined && distrust.test(code))
    return new UserError(
      `The certificate of ${host} is not trusted (${code}). Where your network looks into connections, name its own certificate’s file in the environment variable NODE_EXTRA_CA_CERTS.`,
      { cause: error },
    );
  const reason = code === undefined ? undefined : reasons[code]?.(host);
  return new Interruption(reason ?? `the connection to ${host} was cut (${code ?? messageOf(error)})`);
}

function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string') return code;
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0]);
  }
  return undefined;
}
