import { Readable } from 'node:stream';
import { mediaTypeOf } from '@parallel-pilot/shared/kinds/command/media-type.ts';
import { RunsChunk, RunsStage } from '@parallel-pilot/shared/kinds/command/stages.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Parts } from '../../../parts.ts';
import { SPARE_BYTES } from '../../../uploads/no-room.ts';
import type { BackgroundTask, MadeArtifact } from '../../kind.ts';
import { type Part, PRINTED, partsOf, runsOfChunk } from '../done-runs.ts';
import { NoRoom } from './gather.ts';
import { Ungathered } from './run-text.ts';

const MOST_FILES = 1_000;

/** What the user's own command left, each file as one of the job's; what it printed, where it left none. */
export async function ownResults({ db, blobs }: Parts, { stage }: BackgroundTask): Promise<MadeArtifact[]> {
  const [chunk] = await doneChunks(db, stage.id, -1, 1);
  if (chunk === undefined) throw new Error('a stage that is over has no done chunk');
  RunsChunk.parse(JSON.parse(chunk.spec_json));
  const [run] = runsOfChunk(RunsStage.parse(JSON.parse(stage.spec_json)), chunk);
  const left = run === undefined ? [] : partsOf(run).filter(({ path }) => path !== PRINTED.err);
  const files = left.filter(({ path }) => path !== PRINTED.out);
  const kept = files.length > 0 ? files : left;
  if (kept.length === 0)
    throw new Ungathered('The command that puts results together left no file, and printed nothing.');
  if (kept.length > MOST_FILES)
    throw new Ungathered(
      `The command that puts results together left ${kept.length.toLocaleString('en')} files; ${MOST_FILES.toLocaleString('en')} are the most that a job has. Have it put them into an archive.`,
    );
  const names = namesOf(kept.map(({ path }) => (path === PRINTED.out ? 'output.txt' : path)));
  const made: MadeArtifact[] = [];
  for (const [index, part] of kept.entries()) {
    const name = names[index] ?? part.path;
    const written = await blobs.write(bytesOf(blobs, part), {
      maxBytes: Number.MAX_SAFE_INTEGER,
      keepFree: SPARE_BYTES,
    });
    if (!written.ok) throw new NoRoom(written.message);
    made.push({ name, mediaType: mediaTypeOf(name), hash: written.hash, size: written.size });
  }
  return made;
}

const bytesOf = (blobs: Parts['blobs'], { hash, start, size }: Part): Readable =>
  size === 0 ? Readable.from([]) : blobs.read(hash, { start, end: start + size - 1 });

/** Files of a job have no folders: what lay in one has its name before its own. Names that are the farm's are left to it. */
function namesOf(paths: readonly string[]): string[] {
  const taken = new Set(['results.zip', 'all.zip']);
  return paths.map((path) => {
    const plain = path.replaceAll('/', '_').slice(-150);
    let name = plain;
    for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${number}-${plain}`;
    taken.add(name.toLowerCase());
    return name;
  });
}
