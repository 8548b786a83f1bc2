import { WorksFor } from '@parallel-pilot/shared/model/worker.ts';
import { Command, Option } from 'commander';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { wholeNumber } from '../numbers.ts';
import type { ApiFlags } from '../options.ts';
import { tokenTable } from '../report/worker-lines.ts';
import { print, printJson } from '../text/print.ts';

const DAY_MS = 24 * 60 * 60_000;

type NewFlags = ApiFlags & { name: string; uses: number; days?: number; for: WorksFor };

/** Below `pilot workers`: tokens for machines to join with. */
export const joinTokenCommands = (context: Context): Command[] => [make(context), list(context)];

function make(context: Context): Command {
  const command = new Command('token')
    .description('make a token for machines to join with; it alone is printed, this once')
    .option('--name <name>', 'what it is for', `made by pilot on ${context.config.hostName}`)
    .addOption(
      new Option('--uses <n>', 'machines that may join with it').argParser(wholeNumber(1, 10_000)).default(1),
    )
    .addOption(new Option('--days <n>', 'ends after so many days').argParser(wholeNumber(1, 3_650)))
    .addOption(
      new Option('--for <whom>', 'for whom those machines work').choices(WorksFor.options).default('team'),
    )
    .configureHelp({ showGlobalOptions: true });
  return command.action(async () => {
    const flags = command.optsWithGlobals<NewFlags>();
    const api = await connect(context.config, flags);
    const { name, uses, days } = flags;
    const expiresAt = days === undefined ? null : Date.now() + days * DAY_MS;
    const made = await api.makeJoinToken({ name, uses, worksFor: flags.for, expiresAt });
    if (flags.json) printJson(context.stdout, made, 2);
    else print(context.stdout, made.token);
  });
}

function list(context: Context): Command {
  const command = new Command('tokens')
    .description('list the tokens that machines may join with')
    .option('--revoke <id>', 'revoke one; machines that have joined with it stay')
    .configureHelp({ showGlobalOptions: true });
  return command.action(async () => {
    const flags = command.optsWithGlobals<ApiFlags & { revoke?: string }>();
    const api = await connect(context.config, flags);
    if (flags.revoke !== undefined) await api.revokeJoinToken(flags.revoke);
    const tokens = await api.joinTokens();
    if (flags.json) printJson(context.stdout, tokens, 2);
    else print(context.stdout, tokenTable(tokens, context.stdout.columns || 120));
  });
}
