import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { actCommand } from './act.ts';

/** `pilot resume ID` */
export const resumeCommand = (context: Context): Command =>
  actCommand(context, {
    action: 'resume',
    ofPipelines: false,
    summary: 'let a paused job go on',
    description: 'Lets a paused job go on.',
  });
