import { createHash } from 'node:crypto';
import type { BlobHash, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Packages, SentPackages } from '@parallel-pilot/shared/packages/packages.ts';
import type { Parts, SubmissionRefusal } from '../parts.ts';
import { decodeText } from '../text/decode-text.ts';
import { inWords } from '../text/in-words.ts';
import { gone, sizeOf } from '../uploads/uploaded.ts';
import { readRequirements } from './requirements.ts';

const MOST_TEXT_BYTES = 256 * 1024;

type Prepared = {
  ok: true;
  /** `requirements`: the file that they were asked for with. */
  files: {
    packages: Packages | null;
    requirements: (NonNullable<SentPackages['requirements']> & { size: number }) | null;
  };
  blobs: BlobHash[];
};

/** What packages a submission asks for. `whole`: see EnvironmentSpec. */
export async function preparePackages(
  parts: Parts,
  { requirements, wheels, python }: SentPackages,
  team: TeamId,
  whole = false,
): Promise<Prepared | SubmissionRefusal> {
  if (requirements === null) {
    if (wheels === null) return { ok: true, files: { packages: null, requirements: null }, blobs: [] };
    return refuse(
      `"${wheels.fileName}" goes with requirements that say which of them to install, and none are given.`,
    );
  }
  const size = await sizeOf(parts, team, requirements.blob);
  if (size === null) return gone(requirements.fileName);
  if (size > MOST_TEXT_BYTES)
    return refuse(
      `"${requirements.fileName}" has ${inWords(size)}, and ${inWords(MOST_TEXT_BYTES)} are the most.`,
    );
  const text = decodeText(Buffer.concat(await parts.blobs.read(requirements.blob).toArray()));
  if (text === null || text.includes('\0')) return refuse(`"${requirements.fileName}" is not text in UTF-8.`);
  const read = readRequirements(requirements.fileName, text);
  if (!read.ok) return refuse(read.message);
  const wheelsSize = wheels === null ? null : await sizeOf(parts, team, wheels.blob);
  if (wheels !== null && wheelsSize === null) return gone(wheels.fileName);
  const key = createHash('sha256')
    .update(
      JSON.stringify([[...read.lines].sort(), wheels?.blob ?? null, python, ...(whole ? ['whole'] : [])]),
    )
    .digest('hex');
  const house = wheels === null ? null : { ...wheels, size: wheelsSize ?? 0 };
  return {
    ok: true,
    files: { packages: { lines: read.lines, wheels: house, key }, requirements: { ...requirements, size } },
    blobs: [requirements.blob, ...(wheels === null ? [] : [wheels.blob])],
  };
}

const refuse = (message: string): SubmissionRefusal => ({ ok: false, code: 'bad-requirements', message });
