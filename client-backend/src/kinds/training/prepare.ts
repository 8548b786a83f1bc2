import { ddpProblem } from '@parallel-pilot/shared/kinds/training/ddp.ts';
import { fleetProblem, KEYS } from '@parallel-pilot/shared/kinds/training/needs.ts';
import { privacyProblem } from '@parallel-pilot/shared/kinds/training/privacy.ts';
import { ONE_SHARD, secureProblem } from '@parallel-pilot/shared/kinds/training/secure/settings.ts';
import { MOST_SHARDS, sparsifyProblem } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { DataFormat, TrainingSubmission } from '@parallel-pilot/shared/kinds/training/spec.ts';
import { scriptNeeds } from '@parallel-pilot/shared/kinds/training/stage-parts.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import type { BlobHash, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { meets } from '@parallel-pilot/shared/model/requirement.ts';
import { environmentNeeds } from '@parallel-pilot/shared/packages/packages.ts';
import type { z } from 'zod';
import { fleetOf } from '../../fleet.ts';
import { sentenceOf } from '../../http/problems.ts';
import { preparePackages } from '../../packages/prepare-packages.ts';
import type { Parts, SubmissionRefusal } from '../../parts.ts';
import { decodeText } from '../../text/decode-text.ts';
import { inWords } from '../../text/in-words.ts';
import { gone, sizeOf } from '../../uploads/uploaded.ts';
import type { FarmKind } from '../kind.ts';
import { readCode } from './code/read-code.ts';
import type { SizedFile } from './data/data-file.ts';
import { screenData } from './data/screen-data.ts';
import { findStart } from './find-start.ts';
import { prepareLocal } from './prepare-local.ts';
import { importedModules, namesOnce } from './script-imports.ts';
import { planSweep } from './sweeps/plan-sweep.ts';

const MOST_SCRIPT_BYTES = 1024 ** 2;

/** Turns a training submission into the stored spec; what is wrong without running the script is refused here. */
export const prepare: FarmKind['prepare'] = async (parts, given, by, placement) => {
  const { team } = by;
  const parsed = TrainingSubmission.safeParse(given);
  if (!parsed.success) return { ok: false, code: 'invalid-request', message: sentenceOf(parsed.error) };
  const { script, from, settings } = parsed.data;
  const scriptSize = await sizeOf(parts, team, script.blob);
  if (scriptSize === null) return gone(script.fileName);
  const read = await readScript(parts, script, scriptSize);
  if (!read.ok) return read;
  // Of a script with files of its own, running it tells.
  if (settings.mode === 'diloco' && parsed.data.code === null && !/\bsteps\b/.test(read.text)) {
    return noSteps(script.fileName);
  }
  const code = await prepareCode(parts, parsed.data, read.text, team);
  if (!code.ok) return code;
  const ddp = ddpProblem(settings, code.modules);
  if (ddp !== null) return { ok: false, code: 'invalid-request', message: ddp };
  const { localData: lent } = parsed.data;
  const whole = { ...settings, local: lent !== null, shards: settings.shards ?? null };
  const unbounded = privacyProblem(settings) ?? secureProblem(whole) ?? sparsifyProblem(settings);
  if (unbounded !== null) return { ok: false, code: 'invalid-request', message: unbounded };
  const start = from === undefined ? null : await findStart(parts, team, from);
  if (start !== null && !start.ok) return start;
  const modules = [...new Set([...code.modules, ...(start?.modules ?? [])])];
  const packages = await preparePackages(parts, parsed.data, team);
  if (!packages.ok) return packages;
  const { python } = parsed.data;
  const needs = needsOf({ ...packages.files, modules, python });
  const fleet = (await fleetOf(parts.db))(by);
  const problem = fleetProblem(fleet, needs);
  if (problem !== null) return { ok: false, ...problem };
  const local = await prepareLocal(parts, parsed.data, { by, placement, needs, once: code.once });
  if (!local.ok) return local;
  if (settings.secure && local.localData?.workers.length === 1)
    return { ok: false, code: 'bad-data', message: ONE_SHARD };
  const data = await prepareData(parts, parsed.data, team);
  if (!data.ok) return data;
  const able = fleet.filter((worker) => needs.every((need) => meets(worker, need))).length;
  const { shards: asked = SHARDS } = settings;
  const shards =
    local.localData?.workers.length ?? asked ?? Math.min(MOST_SHARDS, able === 0 ? SHARDS : able);
  const { sweep, ...sent } = parsed.data;
  const spec = TrainingSpec.parse({
    ...sent,
    settings: { ...settings, shards },
    script: { ...script, size: scriptSize },
    code: code.code,
    ...data.files,
    localData: local.localData,
    ...packages.files,
    from: start?.start ?? null,
    modules,
    once: code.once,
  });
  const planned = sweep === undefined ? null : planSweep(sweep, spec);
  if (planned !== null && !planned.ok) return planned;
  return {
    ok: true,
    spec,
    ...(planned === null ? {} : { several: planned.several }),
    name: nameOf(script.fileName),
    blobs: [
      ...new Set([
        script.blob,
        ...(code.code === null ? [] : [code.code.blob]),
        ...data.blobs,
        ...packages.blobs,
        ...(start === null ? [] : [start.start.blob]),
      ]),
    ],
  };
};

/** What a worker needs that installs the packages, or runs the script where it brings none. */
const needsOf = (spec: Pick<TrainingSpec, 'modules' | 'packages' | 'python'>) => [
  ...scriptNeeds(spec, null),
  ...(spec.packages === null ? [] : environmentNeeds(KEYS, spec.packages.wheels)),
];

const nameOf = (fileName: string): string => fileName.replace(/\.py$/i, '');

export const outline: FarmKind['outline'] = (given) => {
  const {
    script,
    code,
    data,
    moreData,
    test,
    settings,
    requirements,
    wheels: _,
    localData: _local,
    ...sent
  } = TrainingSubmission.parse(given);
  const sized = <F extends Source>(file: F) => ({ ...file, size: 0 });
  const ending = data?.fileName.split('.').at(-1)?.toLowerCase();
  const spec = TrainingSpec.parse({
    ...sent,
    settings: { ...settings, shards: settings.shards ?? SHARDS },
    script: sized(script),
    code: code === null ? null : sized(code),
    data: data === null ? null : { ...sized(data), format: DataFormat.safeParse(ending).data ?? 'csv' },
    moreData: moreData.map(sized),
    test: test === null ? null : sized(test),
    requirements: requirements === null ? null : sized(requirements),
    from: null,
    modules: [],
  });
  return { spec, name: nameOf(script.fileName) };
};

/** Where nobody says how many, and no worker is there. */
const SHARDS = 4;

type Submitted = z.output<typeof TrainingSubmission>;

type PreparedCode = { ok: true; code: TrainingSpec['code'] } & Pick<TrainingSpec, 'modules' | 'once'>;

/** What is beside the script, and the modules that all of it needs. */
async function prepareCode(
  parts: Parts,
  { script, code }: Submitted,
  text: string,
  team: TeamId,
): Promise<PreparedCode | SubmissionRefusal> {
  if (code === null) {
    const modules = importedModules(text).slice(0, MOST_MODULES);
    return { ok: true, code: null, modules, once: namesOnce(text) };
  }
  const size = await sizeOf(parts, team, code.blob);
  if (size === null) return gone(code.fileName);
  const read = await readCode(parts, code, { fileName: script.fileName, text });
  if (!read.ok) return read;
  const { modules, once } = read;
  return { ok: true, code: { ...code, size }, modules: modules.slice(0, MOST_MODULES), once };
}

type PreparedData = { ok: true; files: Pick<TrainingSpec, 'data' | 'moreData' | 'test'>; blobs: BlobHash[] };

async function prepareData(
  parts: Parts,
  { data, moreData, localData, test, settings }: Submitted,
  team: TeamId,
): Promise<PreparedData | SubmissionRefusal> {
  if (data === null && localData !== null) return await prepareTest(parts, test, team);
  if (data === null) {
    const first = moreData[0] ?? test;
    if (first === null || first === undefined)
      return { ok: true, files: { data: null, moreData: [], test: null }, blobs: [] };
    const message = `"${first.fileName}" goes with data to train on, and none is given.`;
    return { ok: false, code: 'bad-data', message };
  }
  const sized: SizedFile[] = [];
  for (const file of [data, ...moreData, ...(test === null ? [] : [test])]) {
    const size = await sizeOf(parts, team, file.blob);
    if (size === null) return gone(file.fileName);
    sized.push({ ...file, size });
  }
  const measured = test === null ? null : (sized.at(-1) ?? null);
  const [first, ...others] = measured === null ? sized : sized.slice(0, -1);
  if (first === undefined) throw new Error('a data set without files');
  const screened = await screenData(parts, { files: [first, ...others], test: measured }, settings);
  if (!screened.ok) return screened;
  const files = { data: { ...first, format: screened.format }, moreData: others, test: measured };
  return { ok: true, files, blobs: sized.map(({ blob }) => blob) };
}

/** What the merged models of local data are measured on. It is read where that is done, as local data is. */
async function prepareTest(
  parts: Parts,
  test: Submitted['test'],
  team: TeamId,
): Promise<PreparedData | SubmissionRefusal> {
  if (test === null) return { ok: true, files: { data: null, moreData: [], test: null }, blobs: [] };
  const size = await sizeOf(parts, team, test.blob);
  if (size === null) return gone(test.fileName);
  if (DataFormat.safeParse(test.fileName.split('.').at(-1)?.toLowerCase()).success)
    return { ok: true, files: { data: null, moreData: [], test: { ...test, size } }, blobs: [test.blob] };
  const message = `"${test.fileName}" is no .npz, .csv, .jsonl or .zip, which the merged model could be measured on.`;
  return { ok: false, code: 'bad-data', message };
}

const MOST_MODULES = 200;

type Source = { blob: BlobHash; fileName: string };

async function readScript(
  { blobs }: Parts,
  { blob, fileName }: Source,
  size: number,
): Promise<{ ok: true; text: string } | SubmissionRefusal> {
  if (!/\.py$/i.test(fileName)) return notPython(fileName, 'its name does not end with .py');
  if (size > MOST_SCRIPT_BYTES) {
    return notPython(fileName, `it has ${inWords(size)}, and ${inWords(MOST_SCRIPT_BYTES)} are the most`);
  }
  const bytes = Buffer.concat(await blobs.read(blob).toArray());
  const text = decodeText(bytes);
  if (text === null || text.includes('\0')) return notPython(fileName, 'it is not text in UTF-8');
  if (text.trim() === '') return notPython(fileName, 'it is empty');
  if (!/^[ \t]*(import[ \t].*\bpilot\b|from[ \t]+pilot\b)/m.test(text)) {
    const message = `"${fileName}" does not import pilot, so it could not ask for its part of the data, nor hand its weights back. See the examples in examples/training.`;
    return { ok: false, code: 'no-pilot', message };
  }
  return { ok: true, text };
}

const notPython = (fileName: string, why: string): SubmissionRefusal => ({
  ok: false,
  code: 'not-a-script',
  message: `"${fileName}" cannot be taken as a Python script: ${why}.`,
});

const noSteps = (fileName: string): SubmissionRefusal => ({
  ok: false,
  code: 'no-steps',
  message: `Mode diloco counts steps, and "${fileName}" never names pilot.steps. Loop over pilot.steps(n) in place of pilot.epochs and pilot.batches, or give that to a DataLoader as its batch_sampler; the script then runs in both modes.`,
});
