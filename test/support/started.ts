import { onTestFinished } from 'vitest';
import { type Started, startProgram } from '../../scripts/drive/program.ts';
import { temporaryFolder } from './serving.ts';

/** Runs a program of the repository for one test, with data of its own, until it prints an address. */
export function run(script: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Started> {
  return startProgram(script, args, { PARFOCAL_DATA: temporaryFolder(), ...environment }, (child, ended) => {
    onTestFinished(async () => {
      child.kill();
      await ended;
    });
  });
}
