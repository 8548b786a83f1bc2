import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { actCommand } from './act.ts';

/** `pilot retry ID` */
export const retryCommand = (context: Context): Command =>
  actCommand(context, {
    action: 'retry',
    summary: 'try the failed frames of a job again',
    description: 'Queues the failed and canceled frames of a job again; those that are done stay.',
  });
