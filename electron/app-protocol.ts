import { protocol, session } from 'electron';
import { type GetContent, textContent } from '../main/serve/content.ts';

const scheme = 'parfocal';
export const appOrigin = `${scheme}://app`;

/** To be called before the app is ready. */
export function registerAppProtocol(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

/** Answers `parfocal://app/`, and nothing else: no page of the studio reaches any other address, in the network or on the disk. */
export function serveAppProtocol(getContent: GetContent): void {
  protocol.handle(scheme, async ({ url, method }) => {
    const { host, pathname } = new URL(url);
    const isOurs = host === 'app' && (method === 'GET' || method === 'HEAD');
    const { status, headers, body } = isOurs
      ? await getContent(pathname)
      : textContent(404, 'There is nothing at this address.');
    return new Response(Uint8Array.from(body), { status, headers: { ...headers } });
  });
  session.defaultSession.webRequest.onBeforeRequest(({ url }, answer) => {
    answer({ cancel: !/^(parfocal|blob|data|devtools):/.test(url) });
  });
}
