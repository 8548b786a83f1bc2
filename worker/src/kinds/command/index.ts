import { KNOWN_PROGRAMS } from '@parallel-pilot/shared/kinds/command/needs.ts';
import type { WorkerKind } from '../kind.ts';
import { findCommand } from './find-command.ts';
import { createCommandRunner } from './runner.ts';

/**
 * Runs commands. Capabilities: `command.programs`, which of the well-known ones are here. None where nothing keeps
 * strangers' programs in: a worker without a working sandbox runs no commands.
 */
export const commandWorker = (): WorkerKind => ({
  name: 'command',
  detect: async (sandbox) =>
    sandbox.level === 'bubblewrap'
      ? { 'command.programs': KNOWN_PROGRAMS.filter((name) => findCommand(name, sandbox) !== null) }
      : {},
  // Each run has its own, and the worker's holds for all of a chunk.
  timeLimit: () => null,
  createRunner: createCommandRunner,
});
