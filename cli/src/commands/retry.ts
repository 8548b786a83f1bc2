import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { actCommand } from './act.ts';

/** `pilot retry ID` */
export const retryCommand = (context: Context): Command =>
  actCommand(context, {
    action: 'retry',
    summary: 'try what failed of a job again',
    description: 'Queues the failed and canceled parts of a job again; those that are done stay.',
  });
