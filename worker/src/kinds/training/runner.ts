import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { showsTooMuch } from '@parallel-pilot/sandbox/box/program.ts';
import { childEnvironment } from '@parallel-pilot/sandbox/child/config.ts';
import { residentBytes } from '@parallel-pilot/sandbox/limits/memory.ts';
import { FILES, SCRIPT } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { CHECKPOINT } from '@parallel-pilot/shared/model/checkpoint.ts';
import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import { ENVIRONMENT } from '@parallel-pilot/shared/packages/packages.ts';
import { isDiskFull } from '../../disk-full.ts';
import { makeEnvironment } from '../../packages/make-environment.ts';
import type { PackageIndex } from '../../packages/package-index.ts';
import type { Python } from '../../packages/python-module.ts';
import { takePackages, type Unpacked, type UnpackedEnvironments } from '../../packages/unpacked.ts';
import type { OutputFile, RunnableChunk, Runner, RunnerOptions, RunOutcome } from '../kind.ts';
import { visibleCards } from '../visible-cards.ts';
import type { AskOptions } from './exchange.ts';
import { inGang } from './in-gang.ts';
import type { PythonTask, Reply } from './messages.ts';
import { type Failed, failure, failureOf, refusalOf } from './outcome.ts';
import { unmaskedInto } from './secure/masked-merge.ts';
import { openSealed, sealedInputs, withoutUpdate } from './secure/private-training.ts';
import { isSecureStage, runSecureStage } from './secure/secure-stages.ts';
import { type Session, startSession } from './session.ts';
import { takingEarly } from './taken-early.ts';
import { type Made, parseTask, placed, type Task } from './task.ts';

export type TrainingRunnerOptions = RunnerOptions & {
  python(): Promise<Python | null>;
  /** Where packages may be fetched; null where its owner allows none. */
  index: PackageIndex | null;
  /** Those that were installed for jobs, one place for all slots. */
  unpacked(python: Python): UnpackedEnvironments;
};

/** Larger results are no weights that anyone averages over a network. */
const MOST_FILE_BYTES = 16 * 1024 ** 3;
const LEFT: Made = { name: CHECKPOINT.name, file: 'checkpoint.npz', mediaType: 'application/octet-stream' };
const LOG: Made = {
  name: FILES.log,
  file: 'log.txt',
  mediaType: 'text/plain; charset=utf-8',
  may: 'be-missing',
};

const NO_PYTHON = failure('module-missing', 'This worker has no Python with numpy.', '');

type Warm = { affinity: string; session: Session; packages: Unpacked | null; lent: string | null };

/** Runs chunks in forks of one warm Python, which is replaced when another job's chunk comes or when it has gone. */
export function createTrainingRunner(options: TrainingRunnerOptions): Runner {
  let warm: Warm | null = null;
  let closed = false;

  const drop = async (): Promise<void> => {
    const old = warm;
    warm = null;
    await old?.session.close();
    old?.packages?.release();
  };
  /** The session for chunks of this affinity, with the chunk's files in its place; a failure where none can be had. */
  const sessionFor = async (chunk: RunnableChunk, task: Task, ask: AskOptions): Promise<Session | Failed> => {
    const lent = await lentTo(task, options);
    if (lent !== null && typeof lent === 'object') return lent;
    // What sees lent data runs nothing else, and sees none that was taken back.
    if (warm?.affinity === chunk.affinity && warm.lent === lent && warm.session.alive()) {
      await refill(warm.session, chunk.inputs);
      return warm.session;
    }
    await drop();
    const python = await options.python();
    if (python === null) return NO_PYTHON;
    const { packages: path } = task.python.context;
    const packages =
      path === null ? null : await takePackages(options.unpacked(python), join(chunk.inputs, path));
    if (packages !== null && 'code' in packages) return packages;
    if (closed || ask.signal.aborted) {
      packages?.release();
      return failureOf({ kind: 'canceled' }, ask.hangLimitMs);
    }
    const session = startSession({ ...options, python, packages: packages?.folder ?? null, lent });
    warm = { affinity: chunk.affinity, session, packages, lent };
    ask.onProgress?.({ fraction: 0, detail: 'Starting Python' });
    await refill(session, chunk.inputs);
    const script = posix.join(session.workspace.inside.in, SCRIPT);
    const code = task.python.code === null ? null : posix.join(session.workspace.inside.in, task.python.code);
    const answer = await session.ask({ op: 'open', script, code }, ask);
    if (answer.kind === 'replied' && answer.reply.ok) return session;
    await drop();
    return answer.kind === 'replied' ? refused(answer.reply) : failureOf(answer, ask.hangLimitMs);
  };

  const own = { folder: options.kept ?? options.folder, random: randomBytes, clock: Date.now };
  /** What is sealed or masked is opened for Python; a failure where it cannot be. */
  const laidOut = async (
    task: Task,
    { inputs }: RunnableChunk,
    { workspace }: Session,
    { signal }: AskOptions,
  ) => {
    const places = { folder: own.folder, scratch: options.folder };
    if (task.secure !== null) return openSealed(workspace, places, sealedInputs(task.python));
    return task.masked === null
      ? null
      : unmaskedInto(workspace, { ...task.masked, inputs, scratch: options.folder, signal });
  };

  const install: Runner['run'] = async (chunk, onProgress, signal) => {
    const python = await options.python();
    if (python === null) return NO_PYTHON;
    return makeEnvironment({ ...options, python }, chunk, onProgress, signal);
  };

  return {
    async run(chunk, onProgress, signal) {
      if (chunk.stage === ENVIRONMENT) return install(chunk, onProgress, signal);
      if (isSecureStage(chunk.stage)) return runSecureStage(chunk, own, signal);
      const task = parseTask(chunk);
      if ('code' in task) return failure(task.code, task.message, '');
      const { hangLimitMs, notice } = chunk;
      const ask: AskOptions = { hangLimitMs, signal, onProgress, notice };
      try {
        const session = await sessionFor(chunk, task, ask);
        if ('ok' in session) return session;
        const unready = await laidOut(task, chunk, session, ask);
        if (unready !== null) return unready;
        chunk.begun?.();
        const { cards, outputs } = chunk;
        const environment = cards === undefined ? {} : visibleCards(cards, childEnvironment(options.sandbox));
        const { gang } = chunk;
        const asked = {
          ...task,
          environment,
          local: warm?.lent ?? null,
          ...(gang === undefined ? {} : { gang }),
        };
        const outcome = await inGang(
          gang,
          session.workspace.folders.in,
          ask,
          () => work(session, asked, chunk, ask),
          (failed) => withCheckpoint(failed, session, outputs),
        );
        if (!session.alive()) {
          options.onLog('Python is gone; the next chunk gets a new one.');
          await drop();
        }
        if (task.secure === null) return outcome;
        const { secure, python } = task;
        return await withoutUpdate(outcome, { secure, shard: python.shard, signal }, own);
      } catch (error) {
        // Whatever was under way is half done.
        await drop();
        if (!isDiskFull(error)) throw error;
        return failure('disk-full', FAILURES['disk-full'].sentence, '');
      }
    },
    memoryBytes: async () => await residentBytes(warm?.session.alive() ? warm.session.pid : undefined),
    cpuMs: async () => (await warm?.session.cpuMs()) ?? 0,
    rest: drop,
    forget: drop,
    async close() {
      closed = true;
      await drop();
    },
  };
}

/** The folder that the task's data is, null where it needs none such; a failure where the owner does not lend it. */
async function lentTo(
  { lent: name }: Task,
  { lentFolder: folderOf, sandbox }: TrainingRunnerOptions,
): Promise<string | null | Failed> {
  if (name === null) return null;
  const folder = folderOf?.(name) ?? null;
  if (folder === null)
    return failure('data-not-lent', `The owner of the worker does not lend data as "${name}" any more.`, '');
  const path = await realpath(folder).catch(() => folder);
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() !== true)
    return failure(
      'data-not-lent',
      `What the owner of the worker lends as "${name}" is no folder that is there.`,
      '',
    );
  // A home, or the worker's own data with its secrets, is nothing that anyone means to lend.
  if (showsTooMuch(path, sandbox.level === 'none' ? [] : sandbox.host.hidden))
    return failure(
      'data-not-lent',
      `What the owner of the worker lends as "${name}" holds a home or a folder of the worker itself, which no job may see.`,
      '',
    );
  return path;
}

/** Puts the chunk's files in the place of those of the chunk before. */
async function refill({ workspace }: Session, inputs: string): Promise<void> {
  const { in: folder } = workspace.folders;
  // They are few, and asking Node's thread pool for each takes several times as long.
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  await workspace.fill(inputs);
}

async function work(
  session: Session,
  task: Task & Pick<PythonTask, 'environment' | 'local'> & Pick<RunnableChunk, 'gang'>,
  { outputs, handedIn }: Pick<RunnableChunk, 'outputs' | 'handedIn'>,
  ask: AskOptions,
): Promise<RunOutcome> {
  const { workspace } = session;
  const early = takingEarly(task.makes, { workspace, outputs, most: MOST_FILE_BYTES }, (file) =>
    handedIn?.(file),
  );
  // What an earlier chunk or its script left here must never pass for this one's.
  for (const { file } of [...task.makes, LEFT, LOG]) await workspace.discard(file);
  const answer = await session.ask(
    { op: 'run', task: placed(task, workspace, task.environment, task.gang, task.local) },
    { ...ask, onHandedIn: early.begin },
  );
  const taken = await early.taken();
  if (answer.kind === 'canceled' && ask.notice?.aborted)
    return withCheckpoint(failureOf(answer, ask.hangLimitMs), session, outputs);
  if (answer.kind !== 'replied') return failureOf(answer, ask.hangLimitMs);
  const { reply } = answer;
  if (!reply.ok)
    return 'preempted' in reply ? withCheckpoint(refused(reply), session, outputs) : refused(reply);
  const result = task.result.safeParse(reply.result);
  if (!result.success)
    return failure('unexpected', `The result has another form: ${result.error.message}`, reply.log);
  const files: OutputFile[] = [];
  for (const made of [...task.makes, LOG]) {
    const { name, file, mediaType, may, most = MOST_FILE_BYTES, again = false } = made;
    const before = taken.get(name);
    if (before !== undefined) {
      files.push(before);
      continue;
    }
    const path = join(outputs, file);
    // No process of the script's is left.
    const claimed = await workspace.claim(file, path, most);
    if (claimed.ok)
      files.push({ name, path, mediaType, again, ...(claimed.held && { bytes: claimed.held }) });
    else if (may !== 'be-missing' || claimed.reason !== 'absent')
      return failure('bad-update', claimed.message, reply.log);
  }
  return { ok: true, result: result.data, files, log: reply.log };
}

/** With the newest that the script left: it keeps one now and then, whether it is asked to or not. */
async function withCheckpoint(outcome: Failed, { workspace }: Session, outputs: string): Promise<RunOutcome> {
  const { name, file, mediaType } = LEFT;
  const path = join(outputs, file);
  const taken = await workspace.take(file, path, MOST_FILE_BYTES);
  return taken.ok ? { ...outcome, checkpoint: { name, path, mediaType } } : outcome;
}

function refused(reply: Reply): Failed {
  if (reply.ok) throw new Error('a reply that is a success was taken for a failure');
  return refusalOf(reply);
}
