import { join } from 'node:path';
import type { Project } from './project.ts';

/** Where an image lies: copied ones below the project, referred ones where they always were. */
export function imagePath(project: Project, image: { readonly path: string; readonly copied: number }): string {
  return image.copied ? join(project.folder, image.path) : image.path;
}
