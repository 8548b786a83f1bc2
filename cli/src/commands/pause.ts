import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { actCommand } from './act.ts';

/** `pilot pause ID` */
export const pauseCommand = (context: Context): Command =>
  actCommand(context, {
    action: 'pause',
    ofPipelines: false,
    summary: 'hold a job back',
    description: 'Holds a job back: what workers are at is finished, nothing else is begun.',
  });
