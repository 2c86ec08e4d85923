import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command line's own file. */
export const program = fileURLToPath(new URL('../../main/cli/parfocal.mjs', import.meta.url));

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real command line, with networks kept in a folder of the test's own. */
export function parfocal(dataFolder: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, PARFOCAL_DATA: dataFolder }, maxBuffer: 1 << 28 };
    const child = execFile(process.execPath, [program, ...args], options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

/** The same for a command that must succeed; its `--json` answer. */
export async function parfocalJson<T>(dataFolder: string, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await parfocal(dataFolder, ...args, '--json');
  if (code !== 0) throw new Error(`parfocal ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
