import { randomBytes } from 'node:crypto';
import { join, posix } from 'node:path';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import { createTail } from '@parallel-pilot/sandbox/child/tail.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import {
  ENVIRONMENT_FILE,
  EnvironmentResult,
  EnvironmentSpec,
  WHEELS,
} from '@parallel-pilot/shared/packages/packages.ts';
import { parseText } from '@parallel-pilot/shared/protocol/parse.ts';
import { z } from 'zod';
import { type Missed, openIndexProxy, PROXY_SOCKET } from './index-proxy.ts';
import type { PackageIndex } from './package-index.ts';
import { PACKAGES_FOLDER, type Python, pythonModule } from './python-module.ts';

const PACKED = 'environment.tar';
/** No .tar of packages that anybody sends around. */
const MOST_BYTES = 16 * 1024 ** 3;

const Message = z.union([
  z.object({ doing: z.string().max(200) }),
  z.object({ ok: z.literal(true), result: EnvironmentResult.omit({ seconds: true }) }),
  z.object({ ok: z.literal(false), message: z.string().max(4_000) }),
]);
type Ended = Extract<z.infer<typeof Message>, { ok: boolean }>;

/** `folder`: where it gets a workspace of its own. */
export type Making = {
  sandbox: Sandbox;
  threads: number;
  folder: string;
  limits?: Limits | undefined;
  python: Python;
  index: PackageIndex | null;
};

/** Of a chunk of that stage, what is looked at. */
type Asking = {
  stageSpec: unknown;
  inputs: string;
  outputs: string;
  hangLimitMs: number;
  begun?(): void;
};
type Progress = { fraction: number; detail: string; log?: string };

type Failed = { ok: false; code: string; message: string; log: string };
type Outcome =
  | Failed
  | {
      ok: true;
      result: EnvironmentResult;
      files: { name: string; path: string; mediaType: string }[];
      log: string;
    };
const failure = (code: string, message: string, log: string): Failed => ({ ok: false, code, message, log });

/** Runs the chunk of the stage `environment`: see install.py. */
export async function makeEnvironment(
  making: Making,
  chunk: Asking,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const spec = EnvironmentSpec.safeParse(chunk.stageSpec);
  if (!spec.success) return failure('unexpected', z.prettifyError(spec.error), '');
  const startedAt = performance.now();
  const workspace = createWorkspace(making.sandbox, making.folder);
  try {
    await workspace.fill(chunk.inputs);
    chunk.begun?.();
    const { ended, missed, log } = await installed(making, workspace, spec.data, {
      chunk,
      onProgress,
      signal,
    });
    if ('code' in ended) return ended;
    if (!ended.ok) {
      const code = missed.unreached === null ? 'packages-missing' : 'out-of-reach';
      return failure(code, `${ended.message}${hint(missed)}`, log);
    }
    const path = join(chunk.outputs, PACKED);
    const taken = await workspace.take(PACKED, path, MOST_BYTES);
    if (!taken.ok) return failure('packages-missing', taken.message, log);
    const result = { ...ended.result, seconds: (performance.now() - startedAt) / 1_000 };
    return {
      ok: true,
      result,
      files: [{ name: ENVIRONMENT_FILE, path, mediaType: 'application/x-tar' }],
      log,
    };
  } finally {
    await workspace.remove();
  }
}

function hint({ refused, unreached }: Missed): string {
  if (unreached !== null) return ` ${unreached} could not be reached from this worker.`;
  return refused === null
    ? ''
    : ` They were looked for at ${refused}, too, which is none of the hosts that the owner of this worker allows.`;
}

type Watching = {
  chunk: Asking;
  onProgress(progress: Progress): void;
  signal: AbortSignal;
};

type Installed = {
  ended: Ended | Failed;
  missed: Missed;
  log: string;
};

/** With the way to the index open, where packages are to come from there. */
async function installed(
  making: Making,
  workspace: Workspace,
  { lines, wheels, whole }: z.infer<typeof EnvironmentSpec>,
  watching: Watching,
): Promise<Installed> {
  const within = (name: string): string => posix.join(workspace.inside.in, name);
  // What was sent along is all there is to be.
  const index = wheels ? null : making.index;
  const proxy = index === null ? null : await openIndexProxy(workspace.folders.in, index);
  try {
    const asked = {
      requirements: lines,
      whole,
      wheels: wheels ? within(WHEELS) : null,
      index: index?.address ?? null,
      socket: proxy === null ? null : within(PROXY_SOCKET),
    };
    const done = await runInstaller(making, workspace, asked, watching);
    const { refused = null, unreached = null } = proxy ?? {};
    return { ...done, missed: { refused, unreached } };
  } finally {
    await proxy?.close();
  }
}

/** See install.py, whose task it is. */
type Asked = {
  requirements: string[];
  whole: boolean;
  wheels: string | null;
  index: string | null;
  socket: string | null;
};

async function runInstaller(
  { sandbox, python, threads, limits = defaultLimits() }: Making,
  workspace: Workspace,
  asked: Asked,
  { chunk, onProgress, signal }: Watching,
): Promise<Omit<Installed, 'missed'>> {
  const nonce = randomBytes(16).toString('hex');
  const said = createTail(100, 16_000);
  let ended: Ended | null = null;
  const onMessage = (text: string): void => {
    const parsed = parseText(Message, text);
    if (!parsed.ok) child.condemn('What installs packages said what makes no sense.');
    else if ('ok' in parsed.message) ended ??= parsed.message;
    else onProgress({ fraction: 0, detail: parsed.message.doing });
  };
  const child = startChild({
    ...pythonModule(
      { python, sandbox, threads, workspace, limits },
      { folders: [PACKAGES_FOLDER], module: 'pilot_packages.install' },
    ),
    maxStdoutLine: 1_000_000,
    onStdout(line) {
      hang.life();
      if (line.startsWith(`${nonce} `)) onMessage(line.slice(nonce.length + 1));
    },
    onStderr(line) {
      hang.life();
      said.add(line);
      onProgress({ fraction: 0, detail: 'Installing packages', log: said.text() });
    },
  });
  const stop = (): void => void child.kill(0);
  const hang = watchForLife(chunk.hangLimitMs, stop);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  void child.write(`${JSON.stringify({ nonce, ...asked })}\n`);
  const exit = await child.exited;
  hang.end();
  signal.removeEventListener('abort', stop);
  const log = said.text();
  if (signal.aborted)
    return { ended: failure('canceled', 'The work was stopped before it finished.', ''), log };
  if (hang.hung) {
    const message = `pip said nothing for ${Math.round(chunk.hangLimitMs / 1_000)} seconds, so it was ended.`;
    return { ended: failure('hung', message, log), log };
  }
  return { ended: ended ?? diedOf(exit, log), log };
}

/** Why it ended before it had said what came of it. */
function diedOf(exit: ChildExit, log: string): Failed {
  const ended = 'What installs packages was ended';
  switch (exit.kind) {
    case 'limit':
      return failure(exit.limit === 'memory' ? 'out-of-memory' : 'died', `${ended}. ${exit.message}`, log);
    case 'signalled':
      return failure(
        'died',
        `${ended} by the signal ${exit.signal}. The machine may have run out of memory.`,
        log,
      );
    case 'exited':
      return failure('died', `${ended} by itself with exit code ${exit.code}.`, log);
    case 'broken':
      return failure('died', `${ended}: ${exit.reason}`, log);
    case 'failed-to-start':
      return failure('died', `Python could not be started: ${exit.reason}`, log);
    default:
      return exit satisfies never;
  }
}

/** Calls `stop` once nothing was heard for so long. */
function watchForLife(limitMs: number, stop: () => void) {
  let hung = false;
  const late = (): void => {
    hung = true;
    stop();
  };
  let timer = setTimeout(late, limitMs);
  return {
    get hung() {
      return hung;
    },
    life(): void {
      clearTimeout(timer);
      timer = setTimeout(late, limitMs);
    },
    end: () => clearTimeout(timer),
  };
}
