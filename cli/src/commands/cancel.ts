import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { actCommand } from './act.ts';

/** `pilot cancel ID` */
export const cancelCommand = (context: Context): Command =>
  actCommand(context, {
    action: 'cancel',
    ofPipelines: true,
    summary: 'end a job, or a pipeline',
    description: 'Ends a job at once, or all jobs of a pipeline. What is done of it can still be downloaded.',
  });
