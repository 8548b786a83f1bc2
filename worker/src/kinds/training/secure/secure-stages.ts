import { join } from 'node:path';
import {
  MaskedResult,
  MaskedRound,
  SecureChunk,
  SecureRound,
  SharesResult,
  UnmaskResult,
  UnmaskRound,
} from '@parallel-pilot/shared/kinds/training/secure/messages.ts';
import { MASKED, SHARES, UNMASK } from '@parallel-pilot/shared/kinds/training/secure/names.ts';
import { FILES } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import type { RandomBytes } from '@parallel-pilot/shared/model/ids.ts';
import { isDiskFull } from '../../../disk-full.ts';
import type { OutputFile, RunnableChunk, RunOutcome } from '../../kind.ts';
import { failure } from '../outcome.ts';
import { answerUnmask, masksOf, openKeys, ProtocolError, type Secrets, shareSecrets } from './participant.ts';
import { chooseRecord, type RoundRecord, roundRecord } from './round-record.ts';
import { maskFile } from './vectors.ts';

/*
 * The stages of secure aggregation that follow on the training, as the worker program does them itself: no script is run,
 * and nothing of the job's is in them but what the shard left in its record of the round.
 */

type Part = { result: unknown; files: OutputFile[] };
type Own = { shard: number; record: RoundRecord; secrets: Secrets };
/** `folder`: what the kind keeps on this worker. */
type Place = { folder: string; random: RandomBytes };

const STAGES: Record<string, (chunk: RunnableChunk, place: Place, signal: AbortSignal) => Promise<Part>> = {
  [SHARES]: shares,
  [MASKED]: masked,
  [UNMASK]: unmask,
};

export const isSecureStage = (stage: string): boolean => Object.hasOwn(STAGES, stage);

/** Rejects for bugs, and for what the file system throws. */
export async function runSecureStage(
  chunk: RunnableChunk,
  place: Place,
  signal: AbortSignal,
): Promise<RunOutcome> {
  try {
    const run = STAGES[chunk.stage];
    if (run === undefined) throw new Error(`${chunk.stage} is no stage of secure aggregation`);
    return { ok: true, ...(await run(chunk, place, signal)), log: '' };
  } catch (error) {
    if (signal.aborted) return failure('canceled', 'The work was stopped before it finished.', '');
    if (error instanceof ProtocolError) return failure('secure-round', error.message, '');
    if (isDiskFull(error)) return failure('disk-full', FAILURES['disk-full'].sentence, '');
    throw error;
  }
}

async function shares({ stageSpec, chunkSpec }: RunnableChunk, place: Place): Promise<Part> {
  const round = SecureRound.parse(stageSpec);
  const { shard, record, secrets } = await ownOf(round, chunkSpec, place);
  const { roster, threshold } = round;
  if (!(await chooseRecord(place.folder, round, openKeys(secrets).cipher))) throw otherwise();
  const sealed = shareSecrets({ shard, secrets, roster }, threshold, place.random);
  const stands = await record.once('shares', { roster, sealed });
  mustBeEqual(stands.roster, roster);
  return { result: SharesResult.parse({ sealed: stands.sealed }), files: [] };
}

async function masked(
  { stageSpec, chunkSpec, outputs }: RunnableChunk,
  place: Place,
  signal: AbortSignal,
): Promise<Part> {
  const round = MaskedRound.parse(stageSpec);
  const { received } = SecureChunk.parse(chunkSpec);
  const { shard, record, secrets } = await ownOf(round, chunkSpec, place);
  const shared = await record.read('shares');
  if (shared === null) throw new ProtocolError('This shard shared no secrets in the round.');
  mustBeEqual(shared.roster, round.roster);
  const { sharers } = round;
  const masks = masksOf({ shard, secrets, roster: round.roster }, sharers, round.threshold);
  // One vector is masked once: by two sets of masks the farm could tell what is under them.
  const stands = await record.once('masked', { sharers, received });
  mustBeEqual(stands.sharers, sharers);
  const path = join(outputs, 'masked.bin');
  const numbers = await maskFile(record.vector, path, masks, { signal });
  const file = { name: FILES.masked, path, mediaType: 'application/octet-stream', again: true };
  return { result: MaskedResult.parse({ numbers }), files: [file] };
}

async function unmask({ stageSpec, chunkSpec }: RunnableChunk, place: Place): Promise<Part> {
  const round = UnmaskRound.parse(stageSpec);
  const { shard } = SecureChunk.parse(chunkSpec);
  const record = recordOf(round, shard, place);
  const answered = await record.read('answer');
  const answer = answered ?? (await firstAnswer(round, chunkSpec, place));
  mustBeEqual(answer.survivors, round.survivors);
  await record.letGo();
  return { result: UnmaskResult.parse({ shares: answer.shares }), files: [] };
}

async function firstAnswer(round: UnmaskRound, chunkSpec: unknown, place: Place) {
  const { shard, record, secrets } = await ownOf(round, chunkSpec, place);
  const [shared, had] = [await record.read('shares'), await record.read('masked')];
  if (shared === null || had === null)
    throw new ProtocolError('This shard handed in no masked update in the round.');
  const { roster } = shared;
  const { sharers } = had;
  mustBeEqual(roster, round.roster);
  mustBeEqual(sharers, round.sharers);
  const { survivors, threshold } = round;
  const told = answerUnmask({ shard, secrets, roster }, had.received, { sharers, survivors, threshold });
  return record.once('answer', { survivors, shares: told });
}

function recordOf(round: SecureRound, shard: number, { folder }: Place): RoundRecord {
  const own = round.roster.find((one) => one.shard === shard);
  if (own === undefined) throw new ProtocolError('The keys of this shard are not among those of the round.');
  return roundRecord(folder, round, own.cipher);
}

async function ownOf(round: SecureRound, chunkSpec: unknown, place: Place): Promise<Own> {
  const { shard } = SecureChunk.parse(chunkSpec);
  const record = recordOf(round, shard, place);
  const secrets = await record.read('secrets');
  if (secrets === null)
    throw new ProtocolError(
      'The worker does not have its part of the round any more: it was answered for, or lost with the folder of the worker.',
    );
  return { shard, record, secrets };
}

/** What was told once, and what is asked now. */
function mustBeEqual(stands: unknown, asked: unknown): void {
  if (JSON.stringify(stands) !== JSON.stringify(asked)) throw otherwise();
}

const otherwise = () =>
  new ProtocolError(
    'The farm asks for the round once more and otherwise than before, which could tell it an update: refused.',
  );
