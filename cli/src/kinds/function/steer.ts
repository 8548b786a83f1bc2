import {
  FunctionSummary,
  FunctionVersions,
  PublicToken,
} from '@parallel-pilot/shared/kinds/function/calls.ts';
import { Command } from 'commander';
import { connect } from '../../api/connect.ts';
import type { Context } from '../../context.ts';
import { wholeNumber } from '../../numbers.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../../options.ts';
import { SentenceError } from '../../sentence-error.ts';
import { table } from '../../text/columns.ts';
import { print, printJson } from '../../text/print.ts';
import { ask, Nothing, pathOf } from './request.ts';
import { settingsInWords } from './settings-words.ts';

/** `pilot function versions NAME` */
export function versionsCommand(context: Context): Command {
  const command = new Command('versions').summary('show the versions of a function').argument('<name>');
  withJson(withServer(command));
  return command.action(async (name: string, flags: ApiFlags) => {
    const api = await connect(context.config, flags);
    const list = await api.get(pathOf(name, '/versions'), FunctionVersions);
    if (flags.json) return printJson(context.stdout, list, 2);
    const rows = list.versions.map((one) => [
      String(one.version),
      one.takesCalls ? 'takes calls' : one.active ? 'active, waits' : '',
      new Date(one.createdAt).toISOString().slice(0, 16).replace('T', ' '),
      one.image === null
        ? one.handler
        : `${one.handler} in ${one.image}${one.network ? ', with a network' : ''}`,
      settingsInWords(one.settings),
    ]);
    const headings = ['VERSION', '', 'DEPLOYED (UTC)', 'HANDLER', 'SETTINGS'];
    print(context.stdout, table(headings, rows, context.stdout.columns || 120));
    const notes = list.versions.flatMap(({ note, triedAgainAt }) =>
      note === null ? [] : [`${note}${againInWords(triedAgainAt, Date.now())}`],
    );
    if (notes.length > 0) print(context.stdout, notes);
  });
}

function againInWords(at: number | null, now: number): string {
  if (at === null) return '';
  return at <= now
    ? ' It is about to be tried again.'
    : ` It is tried again at ${new Date(at).toISOString().slice(11, 19)} (UTC).`;
}

/** `pilot function rollback NAME` */
export function rollbackCommand(context: Context): Command {
  const command = new Command('rollback')
    .summary('make another version the active one')
    .argument('<name>')
    .option('--to <version>', 'which (the one before)', wholeNumber(1, 999_999_999));
  withJson(withServer(command));
  withExamples(command, ['pilot function rollback hello', 'pilot function rollback hello --to 1']);
  return command.action(async (name: string, flags: ApiFlags & { to?: number }) => {
    const api = await connect(context.config, flags);
    const body = flags.to === undefined ? {} : { version: flags.to };
    const made = await ask(api, 'POST', pathOf(name, '/rollback'), FunctionSummary, body);
    if (flags.json) return printJson(context.stdout, made, 2);
    print(context.stdout, `${made.name} is at version ${made.version} again.`);
  });
}

/** `pilot function delete NAME` */
export function deleteFunctionCommand(context: Context): Command {
  const command = new Command('delete')
    .summary('delete a function with its versions and the records of its calls')
    .argument('<name>')
    .option('-y, --yes', 'do not ask');
  withServer(command);
  return command.action(async (name: string, flags: ApiFlags & { yes?: boolean }) => {
    if (flags.yes !== true)
      throw new SentenceError(`${name} is still there. --yes deletes it, with all its versions.`);
    const api = await connect(context.config, flags);
    await ask(api, 'DELETE', pathOf(name), Nothing);
    print(context.stdout, `${name} is deleted.`);
  });
}

/** `pilot function public NAME` */
export function publicCommand(context: Context): Command {
  const command = new Command('public')
    .summary('let whoever has a token call a function')
    .description(
      'Makes a token by which anybody who reaches the farm may call this function and nothing else, and prints it\nonce. A token from before opens nothing any more.',
    )
    .argument('<name>')
    .option('--off', 'take the token away');
  withJson(withServer(command));
  withExamples(command, ['pilot function public hello', 'pilot function public hello --off']);
  return command.action(async (name: string, flags: ApiFlags & { off?: boolean }) => {
    const api = await connect(context.config, flags);
    if (flags.off === true) {
      await ask(api, 'DELETE', pathOf(name, '/public'), Nothing);
      return print(context.stdout, `Nobody calls ${name} by a token any more.`);
    }
    const made = await ask(api, 'POST', pathOf(name, '/public'), PublicToken);
    const url = new URL(made.path, api.connection.url).href;
    if (flags.json) return printJson(context.stdout, { ...made, url }, 2);
    print(context.stdout, publicLines(url, made.token));
  });
}

export const publicLines = (url: string, token: string): string[] => [
  `URL    ${url}`,
  `Token  ${token}  (shown this once)`,
  `curl -X POST -H 'Authorization: Bearer ${token}' -d '{}' ${url}`,
];
