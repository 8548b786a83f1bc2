import { submission } from '../../app/submission.ts';
import { extensions, kindOfFile } from '../../kinds/registry.ts';
import { creationOptions } from './creation-options.ts';

/** Starts bringing in the file that was dropped or chosen. Returns why not, as a sentence, or null. */
export function giveFile(files: readonly File[]): string | null {
  const [file, ...others] = files;
  if (file === undefined) return 'That was not a file. Drop a .blend, or a .zip with one and its textures.';
  if (others.length > 0) {
    return 'One file at a time, please. Put a .blend and its textures into one .zip.';
  }
  const kind = kindOfFile(file.name);
  if (kind === null) return `"${file.name}" is none of ${extensions().join(', ')}.`;
  if (file.size === 0) return `"${file.name}" is empty.`;
  submission.start(file, (source, main) => kind.describe(source, creationOptions.get(), main));
  return null;
}
