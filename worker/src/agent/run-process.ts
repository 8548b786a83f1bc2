import { makeFilesPrivate } from '@parallel-pilot/shared/files/private-folder.ts';
import type { FromChild } from '@parallel-pilot/shared/protocol/supervision.ts';
import type { z } from 'zod';
import { readWorkerConfig, type WorkerConfig } from '../config.ts';
import type { WorkerKind } from '../kinds/kind.ts';
import { createWorkerLog } from '../log.ts';
import type { WorkerExit } from './agent.ts';
import { type RunOptions, runAgent } from './run-agent.ts';
import { listenForSignals } from './stop-signals.ts';

/**
 * A worker as a process of its own: settings from the environment, readiness
 * over Node's IPC channel where there is one, and an exit code at the end.
 */
export async function runProcess(
  kindsFor: (config: WorkerConfig) => readonly WorkerKind[],
  parts: Pick<RunOptions, 'clock'> = {},
): Promise<void> {
  makeFilesPrivate();
  let config: WorkerConfig;
  try {
    config = readWorkerConfig();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${message}\n`);
    return finish({ code: 1, reason: 'cannot-start', message }, false);
  }
  const readable = process.stderr.isTTY === true;
  const log = createWorkerLog({ name: 'worker', level: config.logLevel, readable });
  let ready = false;
  const onReady = () => {
    ready = true;
    void sendToParent({ type: 'ready', process: 'worker', name: config.name });
  };
  const signals = listenForSignals();
  const orphaned = new AbortController();
  process.once('disconnect', () => orphaned.abort());
  const stop = { drain: signals.drain, leave: AbortSignal.any([signals.leave, orphaned.signal]) };
  const exit = await runAgent(config, { log, kinds: kindsFor(config), onReady, stop, ...parts });
  log.info({ event: 'worker.ended', reason: exit.reason, code: exit.code }, exit.message);
  await finish(exit, ready);
}

async function finish(exit: WorkerExit, ready: boolean): Promise<void> {
  if (exit.code !== 0 && !ready) await sendToParent({ type: 'start-failed', message: exit.message });
  process.exit(exit.code);
}

function sendToParent(message: z.infer<typeof FromChild>): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    // A starter that is gone ends this process through `disconnect`.
    process.send(message, () => resolve());
  });
}
