import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createTail } from '@parallel-pilot/sandbox/child/tail.ts';
import type { ContainerFailure } from '@parallel-pilot/shared/kinds/container/failures.ts';
import { fullReference } from '@parallel-pilot/shared/kinds/container/image.ts';
import { IMAGE_FILE, ImageMade, ImageStage, INPUTS } from '@parallel-pilot/shared/kinds/container/stages.ts';
import { execa } from 'execa';
import type { ChunkProgress, RunnableChunk, RunOutcome } from '../kind.ts';
import { dockerfileProblem } from './dockerfile.ts';
import type { Engine } from './engine.ts';
import { whyNotBuilt, whyNotPulled } from './why-not-made.ts';

type Making = {
  engine: Engine;
  chunk: RunnableChunk;
  threads: number;
  memoryBytes: number;
  newName(): string;
  onProgress(progress: ChunkProgress): void;
  signal: AbortSignal;
  /** Where the engine puts what it needs on the way. */
  aside: Record<string, string>;
  /** Called where the engine was ended in the middle. */
  cut(): void;
};

/** The chunk of the stages `fetch` and `build`: hands in the archive of an image. */
export async function makeImage(making: Making): Promise<RunOutcome> {
  const stage = ImageStage.parse(making.chunk.stageSpec);
  switch (stage.from) {
    case 'archive':
      throw new Error('an archive that was sent is not made');
    case 'reference':
      return fetchImage(making, stage.reference);
    case 'build':
      return buildImage(making, stage);
    default:
      return stage satisfies never;
  }
}

/** From the machine's own images, where its owner lets jobs have them, or else from the registry. */
async function fetchImage(making: Making, reference: string): Promise<RunOutcome> {
  const name = fullReference(reference);
  const log = createTail(60, 3_500);
  const isHere = !(await run(making, ['image', 'inspect', '--format', '{{.Id}}', name], () => {})).failed;
  // Docker has one store for all: what is there is taken as its registry has it, or not at all.
  if (!isHere || !making.engine.ownImages) {
    const tell = (line: string) => printed(making, log, line, 'Pulling the image');
    const pulled = await run(making, ['pull', name], tell);
    if (making.signal.aborted) return failure('canceled', 'It was canceled.', log.text());
    if (pulled.failed) {
      const { code, message } = whyNotPulled(reference, log.lines());
      return failure(code, message, log.text());
    }
  }
  const saved = await save(making, name, log);
  if (!isHere) await run(making, ['image', 'rm', name], () => {});
  return saved;
}

async function buildImage(
  making: Making,
  { dockerfile, executables, network }: ImageStage & { from: 'build' },
): Promise<RunOutcome> {
  const { chunk, engine, newName } = making;
  const context = join(chunk.inputs, INPUTS.files);
  const problem = dockerfileProblem(await readFile(join(context, dockerfile), 'utf8'), network);
  if (problem !== null) return failure('build-failed', `${dockerfile} is not built. ${problem}`, '');
  await openContext(context, new Set<string>(executables));
  const log = createTail(200, 3_500);
  const name = `pilot.invalid/${newName()}`;
  const built = await run(making, buildLine(making, { dockerfile, network, name, context }), (line) =>
    printed(making, log, line, 'Building the image'),
  );
  if (making.signal.aborted) return failure('canceled', 'It was canceled.', log.text());
  if (built.failed) {
    const { code, message } = whyNotBuilt(dockerfile, network, log.lines());
    return failure(code, message, log.text());
  }
  const saved = await save(making, name, log);
  await run({ ...making, engine }, ['image', 'rm', '--force', name], () => {});
  return saved;
}

/** What a step copies keeps its mode, and runs are nobody: they could read nothing of it. The folders around stay closed. */
async function openContext(context: string, executables: ReadonlySet<string>): Promise<void> {
  await chmod(context, 0o755);
  for (const entry of await readdir(context, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const isOpen = entry.isDirectory() || executables.has(relative(context, path));
    await chmod(path, isOpen ? 0o755 : 0o644);
  }
}

type Build = { dockerfile: string; network: boolean; name: string; context: string };

function buildLine(
  { engine, memoryBytes, threads }: Making,
  { dockerfile, network, name, context }: Build,
): string[] {
  const { memory, cpu } = engine.limits;
  const period = 100_000;
  return [
    ...['build', '--tag', name, '--file', join(context, dockerfile), '--force-rm'],
    ...(network ? [] : ['--network', 'none']),
    // Of docker's one store nothing that its registry would not give.
    ...(engine.name === 'docker' && !engine.ownImages ? ['--pull'] : []),
    ...(memory ? ['--memory', String(memoryBytes), '--memory-swap', String(memoryBytes)] : []),
    ...(cpu ? ['--cpu-period', String(period), '--cpu-quota', String(Math.max(1, threads) * period)] : []),
    ...(engine.name === 'podman' ? ['--layers=false', '--http-proxy=false', ...WITHOUT] : []),
    ...['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096', '--ulimit', 'core=0:0'],
    context,
  ];
}

/** Of what podman lets the steps of a build do as root, those rights that no installation asks for. */
const WITHOUT = ['MKNOD', 'NET_RAW', 'AUDIT_WRITE'].flatMap((name) => ['--cap-drop', name]);

async function save(making: Making, name: string, log: ReturnType<typeof createTail>): Promise<RunOutcome> {
  const path = join(making.chunk.outputs, IMAGE_FILE);
  making.onProgress({ fraction: 0.8, detail: 'Packing the image' });
  const saved = await run(making, ['save', '--output', path, name], (line) => log.add(line));
  if (making.signal.aborted) return failure('canceled', 'It was canceled.', log.text());
  const bytes = (await stat(path).catch(() => null))?.size ?? 0;
  if (saved.failed || bytes === 0)
    return failure('no-image', 'The worker has the image, but could not pack it.', log.text());
  return {
    ok: true,
    result: ImageMade.parse({ bytes }),
    files: [{ name: IMAGE_FILE, path, mediaType: 'application/x-tar' }],
    log: log.text(),
  };
}

/**
 * Runs the engine until it ends, with all that it started: in a process namespace of its own where the worker is root, so
 * that nothing of a build outlasts it, and with it the worker.
 */
async function run(
  { engine, signal, aside, cut }: Making,
  args: string[],
  onLine: (line: string) => void,
): Promise<{ failed: boolean }> {
  const [command = engine.command, ...before] =
    engine.name === 'podman' && process.getuid?.() === 0 ? TOGETHER : [];
  const child = execa(command, [...before, ...(before.length === 0 ? [] : [engine.command]), ...args], {
    ...{ env: { ...engine.makingEnv, ...aside }, extendEnv: false, reject: false, all: true, buffer: false },
    ...{ stdin: 'ignore', cancelSignal: signal, forceKillAfterDelay: 300 },
  });
  for await (const line of child.iterable({ from: 'all' })) onLine(String(line).slice(0, 2_000));
  const { failed, isTerminated, exitCode } = await child;
  if (isTerminated || exitCode === KILLED_INSIDE) cut();
  return { failed };
}

/** As unshare(1) and shells tell of a program that was killed. */
const KILLED_INSIDE = 128 + 9;

/** unshare(1), setpriv(1): they come with every Linux. */
const TOGETHER = [
  ...['setpriv', '--pdeathsig', 'KILL'],
  ...['unshare', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'],
];

function printed(
  { onProgress }: Making,
  log: ReturnType<typeof createTail>,
  line: string,
  detail: string,
): void {
  log.add(line);
  onProgress({ fraction: 0.1, detail, log: `${log.text()}\n` });
}

const failure = (code: ContainerFailure, message: string, log: string): RunOutcome => ({
  ok: false,
  code,
  message,
  log,
});
