declare global {
  interface Window {
    /** Where a file lies that was dropped on the page: given by the desktop shell alone. */
    readonly parfocalPathOf?: (file: File) => string;
  }
}

/** Where dropped files and folders lie on the computer; undefined in a browser, which does not tell. */
export function pathsOf(files: FileList): string[] | undefined {
  const { parfocalPathOf } = window;
  return parfocalPathOf && [...files].map((file) => parfocalPathOf(file)).filter((path) => path !== '');
}
