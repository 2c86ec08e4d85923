import type { Trainer } from './trainer/client.ts';

/** What every domain may use beside a project. Put together in studio.ts. */
export interface Studio {
  readonly trainer: Trainer;
  /** What this person's studio remembers beside projects. */
  readonly dataFolder: string;
  /** Networks shared by this person's projects. */
  readonly libraryFolder: string;
  /** Networks that ship with the studio. */
  readonly boxFolder: string;
  close(): void;
}
