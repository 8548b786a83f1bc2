import { printable } from '@parallel-pilot/shared/model/printable.ts';
import { Command } from 'commander';
import { accountsCommand } from './commands/accounts.ts';
import { cancelCommand } from './commands/cancel.ts';
import { deleteCommand } from './commands/delete.ts';
import { downloadCommand } from './commands/download.ts';
import { forecastCommand } from './commands/forecast.ts';
import { jobCommand } from './commands/job.ts';
import { jobsCommand } from './commands/jobs.ts';
import { joinCommand } from './commands/join.ts';
import { loginCommand } from './commands/login.ts';
import { logoutCommand } from './commands/logout.ts';
import { logsCommand } from './commands/logs.ts';
import { notificationsCommand } from './commands/notifications.ts';
import { pauseCommand } from './commands/pause.ts';
import { pipelineCommand } from './commands/pipeline.ts';
import { pipelinesCommand } from './commands/pipelines.ts';
import { priorityCommand } from './commands/priority.ts';
import { resumeCommand } from './commands/resume.ts';
import { retryCommand } from './commands/retry.ts';
import { submitCommand } from './commands/submit.ts';
import { templateCommand } from './commands/template.ts';
import { upCommand } from './commands/up.ts';
import { whoamiCommand } from './commands/whoami.ts';
import { workerCommand } from './commands/worker.ts';
import { workersCommand } from './commands/workers.ts';
import type { Context } from './context.ts';
import { CLI_KINDS, COMMAND_KINDS } from './kinds/registry.ts';

/** All of `pilot`. `exit` is told the exit code of a command that has one of its own. */
export function createProgram(context: Context, version: string, exit: (code: number) => void): Command {
  const program = new Command('pilot')
    .description(`${capitalized(CLI_KINDS.map((kind) => kind.does).join(' and '))} on many machines at once.`)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .showHelpAfterError('(--help shows what there is)')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(printable(text.replace(/^error: /, ''))),
    });
  const add = (...commands: Command[]) => {
    for (const command of commands) {
      program.addCommand(command.copyInheritedSettings(program));
      for (const sub of command.commands) sub.copyInheritedSettings(command);
    }
  };
  program.commandsGroup('Work:');
  add(
    ...COMMAND_KINDS.map((kind) => kind.command(context, exit)),
    submitCommand(context, exit),
    downloadCommand(context, exit),
  );
  program.commandsGroup('The farm:');
  add(upCommand(context, exit), workerCommand(context, exit), joinCommand(context, exit));
  add(workersCommand(context), forecastCommand(context));
  add(loginCommand(context), logoutCommand(context), whoamiCommand(context), accountsCommand(context, exit));
  program.commandsGroup('Jobs:');
  add(jobsCommand(context), jobCommand(context, exit), logsCommand(context), pauseCommand(context));
  add(resumeCommand(context), cancelCommand(context), retryCommand(context));
  add(priorityCommand(context), deleteCommand(context));
  add(notificationsCommand(context));
  add(pipelinesCommand(context), pipelineCommand(context, exit), templateCommand(context, exit));
  add(...CLI_KINDS.flatMap(({ more = [] }) => more.map((make) => make(context))));
  program.addHelpText(
    'after',
    `\nExamples:\n${[...CLI_KINDS.map((kind) => kind.example), 'pilot up'].map((line) => `  $ ${line}`).join('\n')}\n\n"pilot help <command>" tells more.`,
  );
  return program;
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
