import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandSubmission } from '@parallel-pilot/shared/kinds/command/spec.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { RunPlan } from '../../../run/plan.ts';
import { followCommand } from '../follow.ts';
import { commandPresenter } from '../presenter.ts';
import type { Environment, JobTemplate, Step } from './schema.ts';
import type { Place, Sent } from './sent-paths.ts';
import type { Task } from './task-space.ts';

/** What runs each task, from what the template says. */
const RUNNER = fileURLToPath(new URL('task.py', import.meta.url));

export type StepOrder = {
  template: JobTemplate;
  step: Step;
  /** Values of the template's parameters. */
  values: ReadonlyMap<string, string>;
  tasks: Task[] | null;
  places: readonly Place[];
  sent: readonly Sent[];
  /** Steps before it, and whether each had several tasks. */
  before: readonly { name: string; several: boolean }[];
};

/** A step as a command that is run once for each of its tasks, with what the steps before it left. */
export function stepPlan(order: StepOrder, idOf: (name: string) => JobId): RunPlan {
  const { sent, tasks, before } = order;
  const words = wordsOf(order);
  return {
    presenter: commandPresenter,
    follow: followCommand,
    workers: 1,
    async files({ folder }) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const own = await mkdtemp(join(folder, 'openjd-'));
      const path = join(own, 'step.json');
      await writeFile(path, JSON.stringify(saidOf(order)), { mode: 0o600 });
      const remove = () => rm(own, { recursive: true, force: true });
      return { paths: [RUNNER, path, ...sent.map(({ from }) => from)], remove };
    },
    jobs([runner, said, ...others]) {
      const at = (path: string, blob: BlobHash | undefined, executable = false) => ({
        path,
        blob,
        executable,
      });
      const results = before.map(({ name }) => ({
        path: `openjd/${name}.zip`,
        blob: { job: idOf(name), result: 'results.zip' },
        executable: false,
      }));
      const files = [
        at('openjd/task.py', runner),
        at('openjd/step.json', said),
        ...sent.map(({ to, executable }, index) => at(to, others[index], executable)),
        ...results,
      ] as unknown as CommandSubmission['files'];
      return [{ request: { kind: 'command', words, files, parameters: parametersOf(tasks), many: true } }];
    },
    save: () => Promise.reject(new Error('a step is saved by nobody')),
  };
}

/** What the runner is told of the step; values of parameters are arguments, so that this is the same whatever they are. */
function saidOf({ template, step }: StepOrder): { environments: Environment[]; script: Step['script'] } {
  const environments = [...(template.jobEnvironments ?? []), ...(step.stepEnvironments ?? [])];
  return { environments, script: step.script };
}

function wordsOf({ values, tasks, places, before }: StepOrder): string[] {
  const given = [...values].flatMap(([name, value]) =>
    // Braces would be parameters of the command.
    /[{}]/.test(value)
      ? ['--param64', `${name}=${Buffer.from(value).toString('base64')}`]
      : ['--param', `${name}=${value}`],
  );
  return [
    'python3',
    'openjd/task.py',
    ...before.flatMap(({ name, several }) => ['--results', `${name}.zip=${several ? 'numbered' : 'flat'}`]),
    ...given,
    ...places.flatMap(({ name, place, flow }) => ['--path', `${name}=${place}=${flow}`]),
    ...Object.keys(tasks?.[0] ?? {}).flatMap((name) => ['--task', `${name}={${name}}`]),
  ];
}

function parametersOf(tasks: readonly Task[] | null): CommandSubmission['parameters'] {
  if (tasks === null) return null;
  const names = Object.keys(tasks[0] ?? {});
  return { from: 'table', names, rows: tasks.map((task) => names.map((name) => task[name] ?? '')) };
}
