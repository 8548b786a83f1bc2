import { linesOf, RefusedChanges, refusedFor } from '@parallel-pilot/shared/kinds/command/destructive.ts';
import { fleetProblem, requirementsOf } from '@parallel-pilot/shared/kinds/command/needs.ts';
import { countRuns, MANY_RUNS } from '@parallel-pilot/shared/kinds/command/parameters.ts';
import {
  type CommandFile,
  CommandSpec,
  CommandSubmission,
  RunsSpec,
  type RunsSubmission,
  submissionProblem,
} from '@parallel-pilot/shared/kinds/command/spec.ts';
import type { BlobHash, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { JobOwner } from '@parallel-pilot/shared/model/worker.ts';
import { blobsOfTeam } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { fleetOf } from '../../fleet.ts';
import { sentenceOf } from '../../http/problems.ts';
import type { Parts, SubmissionRefusal } from '../../parts.ts';
import type { FarmKind } from '../kind.ts';
import { kindSettings } from '../kind-settings.ts';

/** Turns what is sent into the stored spec; what is wrong without running anything is refused here. */
export const prepare: FarmKind['prepare'] = async (parts, given, by) => {
  const parsed = CommandSubmission.safeParse(given);
  if (!parsed.success) return { ok: false, code: 'invalid-request', message: sentenceOf(parsed.error) };
  const { words, settings } = parsed.data;
  const fleet = (await fleetOf(parts.db))(by);
  const lacking =
    fleetProblem(fleet, requirementsOf(words)) ??
    (settings.gatherBy === null ? null : fleetProblem(fleet, requirementsOf(settings.gatherBy)));
  const prepared = await prepareRuns(parts, parsed.data, { by, lacking });
  if (!prepared.ok) return prepared;
  return { ...prepared, spec: CommandSpec.parse({ ...prepared.spec, kind: 'command' }) };
};

type PreparedRuns =
  | { ok: true; spec: RunsSpec; name: string; blobs: BlobHash[]; sizes: ReadonlyMap<BlobHash, number> }
  | SubmissionRefusal;

/** The same for every kind that runs commands. `lacking` is why no worker can, `more` are files that are no command's, and `before` what stands before its words. */
export async function prepareRuns(
  parts: Parts,
  sent: RunsSubmission,
  {
    by,
    lacking,
    more = [],
    before = [],
  }: {
    by: JobOwner;
    lacking: ReturnType<typeof fleetProblem>;
    more?: readonly Named[];
    before?: readonly string[];
  },
): Promise<PreparedRuns> {
  const problem = submissionProblem(sent);
  if (problem !== null) return { ok: false, code: 'invalid-command', message: problem };
  const runs = countRuns(sent.parameters);
  if (runs > MANY_RUNS && !sent.many) return many(runs);
  const changes = RefusedChanges.parse(await kindSettings(parts.db, 'command'));
  const { gatherBy } = sent.settings;
  for (const words of [sent.words, ...(gatherBy === null ? [] : [gatherBy])]) {
    const refused = refusedFor(linesOf([...before, ...words]), changes);
    if (refused !== null) return destructive('This command', refused);
  }
  if (lacking !== null) return { ok: false, ...lacking };
  const own = sent.parameters?.from === 'files' ? sent.parameters.files : [];
  const sizes = await sizesOf(parts, by.team, [...sent.files, ...own, ...more]);
  if (!(sizes instanceof Map)) return sizes;
  const script = await refusedScript(parts, sent, { sizes, changes });
  if (script !== null) return script;
  const sized = <F extends { blob: BlobHash }>(file: F) => ({ ...file, size: sizes.get(file.blob) ?? 0 });
  const parameters =
    sent.parameters?.from === 'files' ? { ...sent.parameters, files: own.map(sized) } : sent.parameters;
  return {
    ok: true,
    spec: RunsSpec.parse({ ...sent, parameters, files: sent.files.map(sized) }),
    name: nameOf(sent),
    blobs: [...sizes.keys()],
    sizes,
  };
}

export const outline: FarmKind['outline'] = (given) => {
  const sent = CommandSubmission.parse(given);
  const files = sent.files.map((file) => ({ ...file, size: 0 }));
  return { spec: CommandSpec.parse({ ...sent, files }), name: nameOf(sent) };
};

/** The script's, or else the program's. */
export function nameOf({ words, files }: RunsSubmission): string {
  const script = words.find((word) => files.some(({ path }) => path === word));
  const name = (script ?? words[0] ?? '').split('/').at(-1) ?? '';
  return name.replace(/(?<=.)\.\w{1,4}$/, '');
}

const many = (runs: number): SubmissionRefusal => ({
  ok: false,
  code: 'many-runs',
  message: `That makes ${runs.toLocaleString('en')} runs. Say once more that you want so many: --yes on the command line, "many": true in a request.`,
});

const destructive = (what: string, why: string): SubmissionRefusal => ({
  ok: false,
  code: 'destructive',
  message: `${what} is not taken: it ${why}. If that is not what it does, put it another way.`,
});

export type Named = { path: string; blob: BlobHash };

/** Of every file, once it is sure that the team has it. */
async function sizesOf(
  { db, blobs }: Parts,
  team: TeamId,
  files: readonly Named[],
): Promise<Map<BlobHash, number> | SubmissionRefusal> {
  const known = await blobsOfTeam(db, team, [...new Set(files.map(({ blob }) => blob))]);
  const sizes = new Map<BlobHash, number>();
  for (const { path, blob } of files) {
    const size = sizes.get(blob) ?? (known.has(blob) ? await blobs.size(blob) : null);
    if (size === null) {
      const message = `The uploaded file "${path}" is not on the farm (any more). Upload it again.`;
      return { ok: false, code: 'blob-unknown', message };
    }
    sizes.set(blob, size);
  }
  return sizes;
}

const MOST_SCRIPT_BYTES = 1024 ** 2;
const SHELL = /^#![^\n]*\b(ba|da|z|k)?sh\b/;

/** A shell script that the command names is looked at as the command is. */
async function refusedScript(
  { blobs }: Parts,
  { words, files, settings }: RunsSubmission,
  { sizes, changes }: { sizes: ReadonlyMap<BlobHash, number>; changes: RefusedChanges },
): Promise<SubmissionRefusal | null> {
  const named = files.filter((file: CommandFile) =>
    [...words, ...(settings.gatherBy ?? [])].some((word) => word === file.path || word === `./${file.path}`),
  );
  for (const { path, blob } of named) {
    if ((sizes.get(blob) ?? 0) > MOST_SCRIPT_BYTES) continue;
    const text = Buffer.concat(await blobs.read(blob).toArray()).toString('utf8');
    if (!/\.(ba|da|z|k)?sh$/.test(path) && !SHELL.test(text)) continue;
    const why = refusedFor(text, changes);
    if (why !== null) return destructive(`"${path}"`, why);
  }
  return null;
}
