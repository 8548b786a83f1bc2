import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { actCommand } from './act.ts';

/** `pilot cancel ID` */
export const cancelCommand = (context: Context): Command =>
  actCommand(context, {
    action: 'cancel',
    summary: 'end a job',
    description: 'Ends a job at once. What is done of it can still be downloaded.',
  });
