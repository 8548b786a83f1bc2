/**
 * Where a file lies in the folder that was given, with forward slashes; its name where it was given by itself. Browsers
 * tell it of a folder that was chosen, and `file-selector` of one that was dropped.
 */
export function pathOf(file: { name: string }): string {
  const { webkitRelativePath, relativePath } = file as { webkitRelativePath?: string; relativePath?: string };
  const path = webkitRelativePath || relativePath || file.name;
  return path.replace(/^\.?\/+/, '');
}

/** A file as it lies in the folder that it was found in. */
export const withPath = (file: File, path: string): File =>
  Object.defineProperty(file, 'relativePath', { value: path, configurable: true });
