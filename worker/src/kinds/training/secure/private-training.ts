import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import type { SecureTraining } from '@parallel-pilot/shared/kinds/training/secure/messages.ts';
import { scaleOf } from '@parallel-pilot/shared/kinds/training/secure/scale.ts';
import { FILES, KEPT, TrainResult } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { CHECKPOINT } from '@parallel-pilot/shared/model/checkpoint.ts';
import type { RandomBytes } from '@parallel-pilot/shared/model/ids.ts';
import type { OutputFile, RunOutcome } from '../../kind.ts';
import { type Failed, failure } from '../outcome.ts';
import { sealFile, unsealFile } from './own-seal.ts';
import { newSecrets, openKeys } from './participant.ts';
import { beginRecord, removeOld } from './round-record.ts';
import { quantiseFile } from './vectors.ts';

/*
 * The training of a shard whose update nobody but its worker sees. What the script ends with stays here, as the vector of
 * the round's record; what the farm only keeps for the shard is sealed.
 */

/** Name of the file of the changes that Python makes; the farm never gets it. */
export const CHANGE = { name: 'change', file: 'change.bin' };

type Place = { folder: string; random: RandomBytes; clock: () => number };

/** Lays what the worker has sealed itself open for the script; a failure where it was not this worker. */
export async function openSealed(
  { folders, give }: Workspace,
  { folder, scratch }: { folder: string; scratch: string },
  paths: readonly string[],
): Promise<Failed | null> {
  for (const path of paths) {
    const opened = join(scratch, 'opened');
    const inBox = join(folders.in, path);
    try {
      if (!(await unsealFile(folder, inBox, opened)))
        return failure(
          'secure-round',
          'What the shard kept from the round before cannot be opened: it was sealed by this worker when it had another folder.',
          '',
        );
      // It is a link to the file in the worker's cache.
      await rm(inBox);
      await give(opened, path);
    } finally {
      await rm(opened, { force: true });
    }
  }
  return null;
}

/** Which inputs of a shard are sealed. */
export const sealedInputs = ({ kept, checkpoint }: { kept: string | null; checkpoint: string | null }) =>
  [kept === null ? null : KEPT, checkpoint === null ? null : CHECKPOINT.path].filter((path) => path !== null);

/** The outcome as the farm may have it: open keys in place of the update, and sealed what it only keeps. */
export async function withoutUpdate(
  outcome: RunOutcome,
  { secure, shard, signal }: { secure: SecureTraining; shard: number; signal: AbortSignal },
  place: Place,
): Promise<RunOutcome> {
  const seal = async (file: OutputFile): Promise<OutputFile> => {
    const { bytes: _, ...sealed } = file;
    const path = `${file.path}.sealed`;
    await sealFile(place.folder, await onDisk(file), path);
    return { ...sealed, path };
  };
  if (!outcome.ok)
    return outcome.checkpoint === undefined
      ? outcome
      : { ...outcome, checkpoint: await seal(outcome.checkpoint) };
  const result = TrainResult.parse(outcome.result);
  if (result.shared > 0) return failure('script-error', SHARED_STATE, outcome.log);
  const change = outcome.files.find(({ name }) => name === CHANGE.name);
  if (change === undefined) throw new Error('a training without an update went well');
  const path = await onDisk(change);
  const secrets = newSecrets(place.random);
  const open = openKeys(secrets);
  try {
    await removeOld(place.folder, secure, place.clock());
    await beginRecord(place.folder, secure, { secrets, cipher: open.cipher }, (vector) =>
      quantiseFile(path, vector, { scale: scaleOf(secure), clip: secure.clip, random: place.random, signal }),
    );
  } catch (error) {
    if (signal.aborted) return failure('canceled', 'The work was stopped before it finished.', '');
    if (!(error instanceof RangeError)) throw error;
    return failure('bad-update', `Its update cannot be used: ${error.message}.`, outcome.log);
  } finally {
    await rm(path, { force: true });
  }
  const files: OutputFile[] = [];
  for (const file of outcome.files)
    if (file !== change) files.push(file.name === FILES.kept(shard) ? await seal(file) : file);
  return { ...outcome, result: TrainResult.parse({ ...result, keys: open }), files };
}

/** Where the file lies, once it does. */
async function onDisk({ path, bytes }: OutputFile): Promise<string> {
  if (bytes !== undefined) await writeFile(path, bytes, { mode: 0o600 });
  return path;
}

const SHARED_STATE =
  'The script keeps state to be merged (pilot.keep with merge), which the farm would see of each shard. Keep it for each shard by itself, or train without secure aggregation.';
