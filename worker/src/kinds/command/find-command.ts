import { findProgram } from '@parallel-pilot/sandbox/box/program.ts';
import { childEnvironment, searchPath } from '@parallel-pilot/sandbox/child/config.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';

/**
 * The path of a program by its name: that of the system, which the box shows whole, or else what the worker finds. A
 * program of somebody's home, such as one that pyenv chooses among others, would look in vain for its own files there.
 */
export const findCommand = (name: string, sandbox: Sandbox): string | null =>
  (findProgram(name, childEnvironment(sandbox).PATH ?? '') ?? findProgram(name, searchPath()))?.given ?? null;
