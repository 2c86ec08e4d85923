import type { Command } from 'commander';
import type { Control } from '../contract/progress.ts';
import { openProject, type Project } from '../projects/project.ts';
import { createStudio } from '../studio.ts';
import type { Studio } from '../studio-parts.ts';
import { forkTrainer } from '../trainer/fork.ts';
import { endAbandonedRuns } from '../training/runs.ts';
import { ProgressLine } from './progress-line.ts';

/** What a command answers: for programs, and for people. */
export interface Answer {
  readonly json: unknown;
  readonly text: string;
}

/** What a command works with. Ctrl+C aborts the control's signal; a second one ends the process. */
export interface Session {
  readonly studio: Studio;
  readonly control: Control;
  readonly open: (folder: string) => Project;
  /** Puts a line on the error stream, where that is a terminal. */
  readonly say: (line: string) => void;
}

/**
 * Runs a command's body and prints its answer: on stdout as text, or as JSON with `--json`.
 *
 * @param command the command that was called, for its `--json`
 */
export async function answer(command: Command, body: (session: Session) => Answer | Promise<Answer>): Promise<void> {
  const studio = createStudio(forkTrainer);
  const progress = new ProgressLine();
  const cancel = new AbortController();
  const projects: Project[] = [];
  process.once('SIGINT', () => cancel.abort());
  process.once('SIGTERM', () => cancel.abort());
  try {
    const { json, text } = await body({
      studio,
      control: { signal: cancel.signal, onProgress: (one) => progress.show(one) },
      say: (line) => progress.say(line),
      open: (folder) => {
        const project = openProject(folder);
        projects.push(project);
        endAbandonedRuns(project);
        return project;
      },
    });
    progress.clear();
    const asJson = command.opts<{ json?: boolean }>().json ?? false;
    process.stdout.write(
      asJson ? `${JSON.stringify(json, undefined, 2)}\n` : text.endsWith('\n') || text === '' ? text : `${text}\n`,
    );
  } finally {
    progress.clear();
    for (const project of projects) project.close();
    studio.close();
  }
}
