import { ddpProblem } from '@parallel-pilot/shared/kinds/training/ddp.ts';
import { fleetProblem, requirementsOf } from '@parallel-pilot/shared/kinds/training/needs.ts';
import { TrainingSubmission } from '@parallel-pilot/shared/kinds/training/spec.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { fleetOf } from '../../fleet.ts';
import { sentenceOf } from '../../http/problems.ts';
import type { Parts, SubmissionRefusal } from '../../parts.ts';
import { inWords } from '../../text/in-words.ts';
import type { FarmKind } from '../kind.ts';
import type { SizedFile } from './data/data-file.ts';
import { screenData } from './data/screen-data.ts';
import { findStart } from './find-start.ts';
import { importedModules } from './script-imports.ts';
import { gone, sizeOf } from './uploaded.ts';

const MOST_SCRIPT_BYTES = 1024 ** 2;

/** Turns a training submission into the stored spec; what is wrong without running the script is refused here. */
export const prepare: FarmKind['prepare'] = async (parts, given, by) => {
  const { team } = by;
  const parsed = TrainingSubmission.safeParse(given);
  if (!parsed.success) return { ok: false, code: 'invalid-request', message: sentenceOf(parsed.error) };
  const { script, data, moreData, test, from, settings } = parsed.data;
  const scriptSize = await sizeOf(parts, team, script.blob);
  if (scriptSize === null) return gone(script.fileName);
  const read = await readScript(parts, script, scriptSize);
  if (!read.ok) return read;
  if (settings.mode === 'diloco' && !read.steps) return noSteps(script.fileName);
  const ddp = ddpProblem(settings, read.modules);
  if (ddp !== null) return { ok: false, code: 'invalid-request', message: ddp };
  const start = from === undefined ? null : await findStart(parts, team, from);
  if (start !== null && !start.ok) return start;
  const modules = [...new Set([...read.modules, ...(start?.modules ?? [])])];
  const problem = fleetProblem((await fleetOf(parts.db))(by), requirementsOf(modules));
  if (problem !== null) return { ok: false, ...problem };
  const sized: SizedFile[] = [];
  for (const file of [data, ...moreData, ...(test === null ? [] : [test])]) {
    const size = await sizeOf(parts, team, file.blob);
    if (size === null) return gone(file.fileName);
    sized.push({ ...file, size });
  }
  const [first, ...others] = test === null ? sized : sized.slice(0, -1);
  if (first === undefined) throw new Error('a data set without files');
  const measured = test === null ? null : (sized.at(-1) ?? null);
  const screened = await screenData(parts, { files: [first, ...others], test: measured }, settings);
  if (!screened.ok) return screened;
  return {
    ok: true,
    spec: TrainingSpec.parse({
      ...parsed.data,
      script: { ...script, size: scriptSize },
      data: { ...first, format: screened.format },
      moreData: others,
      test: measured,
      from: start?.start ?? null,
      modules,
    }),
    name: script.fileName.replace(/\.py$/i, ''),
    blobs: [
      ...new Set([
        script.blob,
        ...sized.map(({ blob }) => blob),
        ...(start === null ? [] : [start.start.blob]),
      ]),
    ],
  };
};

type Source = { blob: BlobHash; fileName: string };

async function readScript(
  { blobs }: Parts,
  { blob, fileName }: Source,
  size: number,
): Promise<{ ok: true; modules: string[]; steps: boolean } | SubmissionRefusal> {
  if (!/\.py$/i.test(fileName)) return notPython(fileName, 'its name does not end with .py');
  if (size > MOST_SCRIPT_BYTES) {
    return notPython(fileName, `it has ${inWords(size)}, and ${inWords(MOST_SCRIPT_BYTES)} are the most`);
  }
  const bytes = Buffer.concat(await blobs.read(blob).toArray());
  const text = decode(bytes);
  if (text === null || text.includes('\0')) return notPython(fileName, 'it is not text in UTF-8');
  if (text.trim() === '') return notPython(fileName, 'it is empty');
  if (!/^[ \t]*(import[ \t].*\bpilot\b|from[ \t]+pilot\b)/m.test(text)) {
    const message = `"${fileName}" does not import pilot, so it could not ask for its part of the data, nor hand its weights back. See the examples in examples/training.`;
    return { ok: false, code: 'no-pilot', message };
  }
  const steps = /\bsteps\b/.test(text);
  return { ok: true, modules: importedModules(text).slice(0, 200), steps };
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

const notPython = (fileName: string, why: string): SubmissionRefusal => ({
  ok: false,
  code: 'not-a-script',
  message: `"${fileName}" cannot be taken as a Python script: ${why}.`,
});

const noSteps = (fileName: string): SubmissionRefusal => ({
  ok: false,
  code: 'no-steps',
  message: `Mode diloco counts steps, and "${fileName}" never names pilot.steps. Loop over pilot.steps(n) in place of pilot.epochs and pilot.batches; the script then runs in both modes.`,
});
