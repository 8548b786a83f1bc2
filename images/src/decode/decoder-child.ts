import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import { childEnvironment } from '@parallel-pilot/sandbox/child/config.ts';
import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import { createTail } from '@parallel-pilot/sandbox/child/tail.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import type { PictureFormat, PictureSize } from '../picture.ts';
import { type Answer, parseSaid } from './answer.ts';
import { decoderProgram } from './child-program.ts';

/** libvips as it comes with sharp knows no OpenEXR. */
export type DecodedFormat = Exclude<PictureFormat, 'OPEN_EXR' | 'OPEN_EXR_MULTILAYER'>;

export type DecoderOptions = PictureSize & {
  sandbox: Sandbox;
  /** Where each child gets a workspace of its own. */
  folder: string;
  format: DecodedFormat;
  /** Instead of what a picture of this size honestly takes. */
  limits?: Partial<Limits>;
  /** The same for one picture, milliseconds. */
  patienceMs?: number;
};

/** What is to be made of a picture beside decoding it; the WebP is left in the workspace as OUTPUT. */
export type Make = 'nothing' | Derived;
/** `copy`: without loss, of pictures of few pixels each of which is meant. */
export type Derived = 'thumbnail' | 'preview' | 'copy';
export const OUTPUT = 'picture.webp';

/** How a request ended. `ended`: the child is gone, or was ended, and another is needed. */
export type Reply =
  | Answer
  | { ended: 'slow' | 'canceled' | 'confused' | ChildExit; ready: boolean; said: string };

/** One process that decodes pictures, one at a time. */
export type DecoderChild = {
  readonly pid: number | undefined;
  readonly workspace: Workspace;
  alive(): boolean;
  /** `bytes` are as many as `size` says. Rejects when they cannot be read. */
  ask(request: Request, signal?: AbortSignal): Promise<Reply>;
  close(): Promise<void>;
};

export type Request = { make: Make; size: number; bytes: Iterable<Buffer> | AsyncIterable<Buffer> };

export function startDecoderChild(options: DecoderOptions): DecoderChild {
  const { sandbox, folder, format, width, height } = options;
  const { path, read } = decoderProgram();
  const workspace = createWorkspace(sandbox, folder);
  const words = createTail(10, 1_000);
  const current: { id: number; ready: boolean; settle: ((answer: Answer | 'confused') => void) | null } = {
    id: 0,
    ready: false,
    settle: null,
  };
  let exit: ChildExit | null = null;
  const child = startChild({
    command: process.execPath,
    args: [path, JSON.stringify({ loader: LOADERS[format], pixels: width * height })],
    env: { ...childEnvironment(sandbox), UV_THREADPOOL_SIZE: '2', MALLOC_ARENA_MAX: '2' },
    confinement: { sandbox, workspace, read, limits: { ...limitsOf(options), ...options.limits } },
    onStdout(line) {
      const said = parseSaid(line);
      if (said !== null && 'ready' in said) current.ready = true;
      else if (said?.id === current.id && current.settle !== null) current.settle(said);
      else if (current.settle !== null) current.settle('confused');
      else void child.kill(0);
    },
    onStderr: (line) => words.add(line),
  });
  const gone = child.exited.then((how) => {
    exit = how;
    return { ended: how } as const;
  });

  return {
    pid: child.pid,
    workspace,
    alive: () => exit === null,
    async ask({ make, size, bytes }, signal) {
      const { promise: answered, resolve } = Promise.withResolvers<Answer | 'confused'>();
      current.id += 1;
      current.settle = resolve;
      const patience = watch(options.patienceMs ?? patienceMs(options), signal);
      const line = `${JSON.stringify({ id: current.id, make, bytes: size, output: OUTPUT })}\n`;
      const sent = send(child, line, bytes, size, () => exit !== null || patience.passed());
      try {
        // An answer to half of a picture is none.
        const first = await Promise.race([gone, patience.over, sent.then(() => answered)]);
        if (typeof first === 'object' && !('ended' in first)) return first;
        if (exit === null) await child.kill(0);
        const ended = typeof first === 'string' ? first : first.ended;
        return { ended, ready: current.ready, said: words.text() };
      } catch (error) {
        // The next picture would be taken for the rest of this one.
        await child.kill(0);
        throw error;
      } finally {
        patience.end();
        current.settle = null;
      }
    },
    async close() {
      if (exit === null) await child.kill(0);
      await workspace.remove();
    },
  };
}

const LOADERS: Record<DecodedFormat, string> = {
  PNG: 'VipsForeignLoadPng',
  JPEG: 'VipsForeignLoadJpeg',
  TIFF: 'VipsForeignLoadTiff',
};

const MIB = 1024 ** 2;

/** Node and libvips, and the file; of the pixels no more than a few lines. */
function limitsOf({ width, height }: PictureSize): Limits {
  const limits = defaultLimits();
  const pixels = width * height;
  return {
    ...limits,
    memoryBytes: Math.min(384 * MIB + 8 * pixels, limits.memoryBytes),
    processes: 64,
    fileBytes: 16 * MIB + 8 * pixels,
    diskBytes: 32 * MIB + 16 * pixels,
    files: 100,
  };
}

/** A hundred times what it takes on a machine with nothing else to do. */
const patienceMs = ({ width, height }: PictureSize): number => 30_000 + (width * height) / 1_000;

/** Resolves to `slow` or `canceled`, whichever comes first. */
function watch(ms: number, signal: AbortSignal | undefined) {
  const { promise: over, resolve } = Promise.withResolvers<'slow' | 'canceled'>();
  let passed = false;
  const pass = (why: 'slow' | 'canceled') => () => {
    passed = true;
    resolve(why);
  };
  const timer = setTimeout(pass('slow'), ms);
  const abort = pass('canceled');
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort, { once: true });
  return {
    over,
    passed: () => passed,
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    },
  };
}

async function send(
  child: { write(data: string | Uint8Array): Promise<void> },
  line: string,
  bytes: Request['bytes'],
  size: number,
  isOver: () => boolean,
): Promise<void> {
  await child.write(line);
  let left = size;
  for await (const part of bytes) {
    if (isOver()) return;
    left -= part.length;
    if (left < 0) break;
    await child.write(part);
  }
  if (left !== 0 && !isOver()) throw new Error('the file of a picture changed while it was read');
}
