import type { Job, ProjectSummary } from '../../../main/contract/api/studio.ts';
import { count, counted, percent } from '../format.ts';
import type { steps } from '../router.svelte.ts';

type Step = (typeof steps)[number];
export interface StepText {
  readonly text: string;
  readonly working: boolean;
}

/** The step at which each kind of job is at work. */
const stepOfJob: Readonly<Record<Job['kind'], Step>> = {
  import: 'images',
  remove: 'images',
  similar: 'label',
  'add-network': 'network',
  'inspect-network': 'network',
  'get-network': 'network',
  probe: 'network',
  estimate: 'network',
  activations: 'network',
  codes: 'train',
  train: 'train',
  evaluate: 'evaluate',
  explain: 'evaluate',
  predict: 'share',
  copy: 'share',
  export: 'share',
};

/** How far each step is, in a few words. */
export function stepTexts(project: ProjectSummary, job: Job | undefined): Record<Step, StepText> {
  const still: Record<Step, string> = {
    images: imagesText(project),
    label: project.items === 0 ? 'Nothing to label yet' : labelText(project),
    network: project.network?.name ?? 'None chosen',
    train: project.runs === 0 ? 'No runs yet' : counted(project.runs, 'run'),
    evaluate: evaluateText(project),
    share: project.exports === 0 ? 'No exports yet' : counted(project.exports, 'export'),
  };
  const at = job === undefined ? undefined : stepOfJob[job.kind];
  const entries = Object.entries(still).map(([step, text]) => {
    const working = step === at && job !== undefined;
    return [step, { text: working ? `● ${workText(job)}` : text, working }];
  });
  return Object.fromEntries(entries) as Record<Step, StepText>;
}

function imagesText(project: ProjectSummary): string {
  if (project.images === 0) return 'Start here: add images';
  const words = [counted(project.images, 'image')];
  if (project.regions > 0) words.push(counted(project.regions, 'region'));
  if (project.groups > 0) words.push(counted(project.groups, 'group'));
  return words.join(' · ');
}

function labelText(project: ProjectSummary): string {
  return `${count(project.labelled)} of ${count(project.items)} · ${counted(project.classes, 'class', 'classes')}`;
}

function evaluateText({ lastRun }: ProjectSummary): string {
  if (lastRun === null) return 'After the first run';
  if (lastRun.macroF1 === null) return `Run ${lastRun.id} · no score`;
  const spread =
    lastRun.low === null || lastRun.high === null ? '' : ` ±\u00a0${((lastRun.high - lastRun.low) / 2).toFixed(3)}`;
  return `Run ${lastRun.id} · macro-F1 ${lastRun.macroF1.toFixed(3)}${spread}`;
}

function workText(job: Job): string {
  if (job.status === 'waiting') return 'waiting';
  const { progress } = job;
  if (progress === null) return 'starting';
  if (progress.total === undefined || progress.total === 0) return progress.step;
  return `${progress.step} ${percent(progress.done / progress.total, 0)}`;
}
