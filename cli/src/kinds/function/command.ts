import { Command } from 'commander';
import type { Context } from '../../context.ts';
import { withExamples } from '../../options.ts';
import { deployCommand } from './deploy.ts';
import { invokeCommand } from './invoke.ts';
import { listCommand } from './list.ts';
import { functionLogsCommand } from './logs.ts';
import { deleteFunctionCommand, publicCommand, rollbackCommand, versionsCommand } from './steer.ts';

/** `pilot function …`: handlers that are deployed once and called over HTTP. */
export function functionCommand(context: Context): Command {
  const command = new Command('function')
    .summary('deploy a handler, and call it over HTTP')
    .description(
      'Deploys a handler in Python or JavaScript that workers keep warm and that is called over HTTP:\n' +
        'def handle(event, context) or export default async (event, context).',
    )
    .helpCommand(false);
  withExamples(command, [
    'pilot function deploy hello handler.py --max 4 --timeout 30s',
    `pilot function invoke hello --data '{"name": "Ada"}'`,
    'pilot function logs hello -f',
    'pilot function rollback hello',
  ]);
  const commands = [
    deployCommand,
    invokeCommand,
    listCommand,
    functionLogsCommand,
    versionsCommand,
    rollbackCommand,
    publicCommand,
    deleteFunctionCommand,
  ];
  for (const make of commands) command.addCommand(make(context).copyInheritedSettings(command));
  return command;
}
