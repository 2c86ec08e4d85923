import type { Command } from 'commander';
import { hasDisplay, openInBrowser } from '../desktop.ts';
import { exposure, hostStudio } from '../host-studio.ts';
import { number } from '../options.ts';

interface ServeOptions {
  readonly port?: number;
  readonly host: string;
  readonly open?: boolean;
  readonly json?: boolean;
}

/** The studio's screens, in a browser. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('run the studio for a browser, on this computer alone unless told otherwise')
    .argument('[project]', 'to be open from the start')
    .option('--port <number>', 'where to listen; 4242, or any free one', number({ min: 0, max: 65535, whole: true }))
    .option('--host <address>', 'listen for other computers too, at this address of this computer', '127.0.0.1')
    .option('--open', 'open it in the default browser')
    .action(async (project: string | undefined, { port, host, open, json }: ServeOptions) => {
      const warning = exposure(host);
      if (warning !== undefined) console.error(warning);
      await hostStudio({ project, host, port }, (listening) => {
        const { address } = listening;
        console.log(json ? JSON.stringify({ address }) : `Parfocal runs at ${address}`);
        if (open && hasDisplay()) openInBrowser(listening.addressForOnce());
      });
    });
}
