import type { Child } from '@parallel-pilot/sandbox/child/child.ts';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import { startProgram } from '../container/container-wall.ts';
import type { Workshop } from '../container/workshop.ts';
import { LONGEST_LINE } from './messages.ts';
import type { ImageProgram, RuntimeProgram } from './runtime.ts';

/** The process of a handler, wherever it runs. */
export type StartedProcess = Pick<Child, 'exited' | 'write' | 'kill' | 'cpuMs' | 'condemn'> & {
  readonly pid: number | undefined;
};

export type ProcessOrder = {
  workspace: Workspace;
  limits: Limits;
  /** Folders that it sees beside its workspace. */
  read: readonly string[];
  onStdout(line: string): void;
  onStderr(line: string): void;
};

/** What a handler runs in: a box of the worker's own sandbox, or a container. */
export type Place = (order: ProcessOrder) => StartedProcess;

/** With the worker's own programs. */
export const inSandbox =
  (sandbox: Sandbox, program: RuntimeProgram): Place =>
  ({ workspace, limits, read, onStdout, onStderr }) =>
    startChild({
      ...{ command: program.command, args: program.args, env: program.env, maxStdoutLine: LONGEST_LINE },
      confinement: { sandbox, workspace, read: [...program.read, ...read], limits },
      ...{ onStdout, onStderr },
    });

export type ImageOfPlace = { id: string; name: string; network: boolean };

/** With those of an image, in a container. */
export const inImage =
  (shop: Workshop, image: ImageOfPlace, program: ImageProgram, threads: number): Place =>
  ({ workspace, limits, onStdout, onStderr }) => {
    const { engine, newName, withoutShell } = shop;
    const wall = { engine, newName, withoutShell, image: image.id, imageName: image.name, threads };
    let last = '';
    const onLine = (line: string): void => {
      last = line;
      onStderr(line);
    };
    const container = startProgram(
      { ...wall, entrypoint: [], network: image.network, devices: [] },
      {
        ...{ workspace, limits, environment: program.variables, files: [program.file] },
        ...{ maxStdoutLine: LONGEST_LINE, onOutLine: onStdout, onLine, onBytes: () => {} },
      },
      { words: program.words, folder: workspace.inside.work, variables: {} },
    );
    const exited = container.exited.then((exit) => {
      if (exit.kind === 'exited' && exit.code === KILLED) return container.overLimit?.() ?? exit;
      if (exit.kind === 'exited' && OTHER_FORMAT.test(last))
        return startFailed(`the image "${image.name}" is for another processor than this worker has.`);
      if (exit.kind !== 'failed-to-start' || !NOT_FOUND.test(exit.reason)) return exit;
      const reason = `the image "${image.name}" has no ${program.words[0]} in its PATH, which runs the handler.`;
      return startFailed(reason);
    });
    return {
      ...container,
      exited,
      get pid() {
        return container.pid();
      },
    };
  };

/** As engines tell of a program that was ended by SIGKILL. */
const KILLED = 128 + 9;
/** What crun prints, and ends with exit code 1. */
const OTHER_FORMAT = /^exec \S+: exec format error/i;
const startFailed = (reason: string): ChildExit => ({ kind: 'failed-to-start', reason });
const NOT_FOUND = /executable file .*not found|no such file or directory/i;
