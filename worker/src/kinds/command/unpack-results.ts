import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import {
  MOST_PACKED_FILES,
  PACKED,
  PackedFile,
  RESULTS,
} from '@parallel-pilot/shared/kinds/command/stages.ts';

/**
 * Lays out what all runs left below `folder`, from the two files that it came in; those are removed. Nothing of the job's
 * may run yet. The list is the backend's; that it speaks of the bytes that came is looked at all the same.
 */
export async function unpackResults(folder: string): Promise<void> {
  const [data, index] = [join(folder, PACKED.data), join(folder, PACKED.index)];
  const { size: total } = await stat(data);
  const made = new Set<string>();
  await openFolder(join(folder, RESULTS), made);
  let [at, files] = [0, 0];
  for await (const line of createInterface({ input: createReadStream(index) })) {
    const [path, size] = PackedFile.parse(JSON.parse(line));
    files += 1;
    if (at + size > total || files > MOST_PACKED_FILES + 1)
      throw new Error('the list of results does not fit what came');
    const target = join(folder, RESULTS, path);
    await openFolder(dirname(target), made);
    if (size === 0) await writeFile(target, '');
    else await pipeline(createReadStream(data, { start: at, end: at + size - 1 }), createWriteStream(target));
    await chmod(target, 0o644);
    at += size;
  }
  await rm(join(folder, dirname(PACKED.data)), { recursive: true });
}

/** A folder with those above it, open to the user of the box: what this process makes is its own user's alone else. */
async function openFolder(path: string, made: Set<string>): Promise<void> {
  if (made.has(path)) return;
  const first = await mkdir(path, { recursive: true });
  if (first !== undefined)
    for (let at = path; at.length >= first.length; at = dirname(at)) await chmod(at, 0o755);
  made.add(path);
}
