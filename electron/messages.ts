import type { PathChoice } from '../main/contract/api/studio.ts';
import type { Content } from '../main/serve/content.ts';
import type { TrainerEnd } from '../main/trainer/protocol.ts';

/** What the shell says to the core's process. */
export type ToCore =
  /** With a port: a page's end of a connection. */
  | { readonly kind: 'page' }
  /** What lies at an address? */
  | { readonly kind: 'get'; readonly id: number; readonly path: string }
  /** The person's choice in a dialog. */
  | { readonly kind: 'chosen'; readonly id: number; readonly path: string | null }
  /** With a port: the trainer that was asked for. */
  | { readonly kind: 'trainer'; readonly id: number; readonly pid: number | undefined }
  | { readonly kind: 'trainer-ended'; readonly id: number; readonly end: TrainerEnd }
  | { readonly kind: 'open'; readonly folder: string; readonly how: 'open' | 'create' }
  | { readonly kind: 'close-project' }
  /** Close the project and say `ended`. */
  | { readonly kind: 'end' };

/** What the core's process says to the shell. */
export type FromCore =
  | { readonly kind: 'content'; readonly id: number; readonly content: Content }
  | { readonly kind: 'choose'; readonly id: number; readonly choice: PathChoice }
  | { readonly kind: 'launch-trainer'; readonly id: number }
  | { readonly kind: 'kill-trainer'; readonly id: number }
  /** Which project is open now, and which were before. */
  | { readonly kind: 'projects'; readonly open: ProjectName | null; readonly recent: readonly ProjectName[] }
  /** Something that the person asked for by the menu cannot be. */
  | { readonly kind: 'refused'; readonly sentence: string }
  | { readonly kind: 'ended' };

export interface ProjectName {
  readonly name: string;
  readonly folder: string;
}
