import { resolve } from 'node:path';
import { unsandboxedConfig } from '../config.ts';
import type { Context } from '../context.ts';
import { openReporter } from '../report/open.ts';
import { SentenceError } from '../sentence-error.ts';
import { print } from '../text/print.ts';
import { takeInterrupts } from './interrupts.ts';
import type { RunOptions, RunPlan } from './plan.ts';
import { run } from './run.ts';

/** What becomes of a plan; resolves with the exit code. */
export type CarryOut = typeof runCommand;

/** Runs a plan for a person or a program: exit code 0 only when everything asked for is there, 1 otherwise, 130 after Ctrl-C. */
export async function runCommand(
  context: Context,
  plan: RunPlan,
  options: RunOptions & { json: boolean },
): Promise<number> {
  const dataFolder = resolve(options.server.data ?? context.config.dataFolder);
  const config = unsandboxedConfig({ ...context.config, dataFolder }, options.unsandboxed);
  const interrupts = takeInterrupts();
  const reporter = openReporter(context, plan.presenter, options.json, options.verbose);
  try {
    const end = await run(config, plan, options, (event) => reporter.report(event), interrupts);
    if (end.status === 'done') return 0;
    reporter.report({ event: 'error', message: end.message });
    reporter.close();
    print(context.stderr, end.message);
    return end.status === 'interrupted' ? 130 : 1;
  } catch (error) {
    if (error instanceof SentenceError) reporter.report({ event: 'error', message: error.message });
    throw error;
  } finally {
    reporter.close();
    interrupts.release();
  }
}
