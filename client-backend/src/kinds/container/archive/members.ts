import type { Readable } from 'node:stream';
import { BadImage } from './bad-image.ts';
import { tarEntries } from './tar-entries.ts';

/** Bytes of an archive. */
export type Range = { start: number; size: number };

/** The files of an archive by their names. */
export type Members = { find(path: string): Range | null };

const MOST_MEMBERS = 2_000;
const MOST_LINKS = 8;

/** Reads the names of all that is in the archive of an image. Throws a BadImage. */
export async function readMembers(source: Readable, onBytes: (bytes: Buffer) => void): Promise<Members> {
  const files = new Map<string, Range>();
  const links = new Map<string, string>();
  for await (const { header, start } of tarEntries(source, 'The archive of the image', onBytes)) {
    const path = header.name.replace(/^(\.?\/)+/, '');
    if (path.split('/').includes('..'))
      throw new BadImage(
        `The archive of the image has a file "${shown(header.name)}", which would lie outside of it.`,
      );
    if (header.type === 'file' || header.type === 'contiguous-file')
      files.set(path, { start, size: header.size });
    // Older archives have a layer once, and links to it.
    else if (header.type === 'symlink' || header.type === 'link') links.set(path, targetOf(path, header));
    if (files.size + links.size > MOST_MEMBERS)
      throw new BadImage(
        'The archive has far more files than that of an image. Save the image with "podman save" or "docker save".',
      );
  }
  return {
    find(path) {
      let at = path.replace(/^(\.?\/)+/, '');
      for (let hops = 0; hops < MOST_LINKS && links.has(at); hops += 1) at = links.get(at) ?? at;
      return files.get(at) ?? null;
    },
  };
}

function targetOf(path: string, { type, linkname }: { type: string; linkname: string }): string {
  const parts = type === 'link' ? [] : path.split('/').slice(0, -1);
  for (const part of linkname.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

const shown = (name: string): string => name.slice(0, 200);
