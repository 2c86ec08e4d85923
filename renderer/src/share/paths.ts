/** The last part of a path, in either system's writing. */
export function lastPart(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}

/** What comes before the last part. */
export function folderOf(path: string): string {
  return path.slice(0, path.length - lastPart(path).length).replace(/[\\/]$/, '');
}
