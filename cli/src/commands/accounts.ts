import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { setting, withExamples, withJson } from '../options.ts';

type Flags = { data?: string; json?: boolean; email?: string; days?: string };

/** What it takes is the server's, which runs as a program of its own. */
const SHELL = fileURLToPath(import.meta.resolve('@parallel-pilot/client-backend/people/shell.ts'));

const ACTS = [
  { act: 'list', does: 'list all people' },
  { act: 'first-link', does: 'make a link for the first admin' },
  { act: 'invite', does: 'make a link that invites one person to the farm' },
  { act: 'reset', of: 'person', does: 'make a link to a new password' },
  { act: 'ban', of: 'person', does: 'let somebody in no more' },
  { act: 'unban', of: 'person', does: 'let somebody in again' },
  { act: 'make-admin', of: 'person', does: 'make somebody an admin of the farm' },
] as const;

/**
 * `pilot accounts`: people of the farm, for whoever may read its data folder or database. It asks no farm, and needs
 * none to be up.
 */
export function accountsCommand(context: Context, exit: (code: number) => void): Command {
  const command = new Command('accounts')
    .summary("look after a farm's people, in its own shell")
    .description(
      "Works on the farm's database itself, as PILOT_DATA or DATABASE_URL say: whoever can do that needs no key.\n" +
        'For a lost password of the only admin, and for farms that are set up by a script.',
    );
  withExamples(command, [
    'pilot accounts list',
    'pilot accounts first-link',
    'pilot accounts invite --email ada@example.org',
    'pilot accounts reset ada@example.org',
  ]);
  for (const one of ACTS) {
    const sub = new Command(one.act).summary(one.does).description(`${capitalized(one.does)}.`);
    sub.addOption(setting('PILOT_DATA', 'data folder of the farm'));
    if ('of' in one) sub.argument('<person>', 'e-mail or id');
    if (one.act === 'list') withJson(sub);
    if (one.act === 'invite')
      sub
        .option('--email <address>', 'for who has this address alone')
        .option('--days <n>', 'how long it is good, 1 to 30', '7');
    sub.action(async () => exit(await run(context, one.act, sub.args[0], sub.opts())));
    command.addCommand(sub);
  }
  return command;
}

async function run(
  { config }: Context,
  act: string,
  who: string | undefined,
  { data, ...flags }: Flags,
): Promise<number> {
  const { execa } = await import('execa');
  const { exitCode } = await execa(process.execPath, [SHELL, JSON.stringify({ act, who, ...flags })], {
    env: { ...config.env, PILOT_DATA: data ?? config.dataFolder, NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
  });
  return exitCode ?? 1;
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
