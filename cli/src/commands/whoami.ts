import { Session } from '@parallel-pilot/shared/api/farm.ts';
import { Command } from 'commander';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { SentenceError } from '../sentence-error.ts';
import { print, printJson } from '../text/print.ts';

/** `pilot whoami`: as whom, and in which team, commands speak to a farm. */
export function whoamiCommand(context: Context): Command {
  const command = new Command('whoami')
    .summary('who you are on a farm')
    .description('Says as whom and in which team the commands of this machine speak to a farm.');
  withJson(withServer(command));
  withExamples(command, ['pilot whoami', 'pilot whoami --server https://farm.example --json']);
  return command.action(async (flags: ApiFlags) => {
    const api = await connect(context.config, flags);
    const session = await api.get('/api/v1/session', Session);
    const { url } = api.connection;
    const { person, team, scopes } = session;
    if (person === null || team === null)
      throw new SentenceError(`You are not signed in to ${url}. Sign in with: pilot login ${url}`);
    if (flags.json) {
      const { mode } = session;
      return printJson(context.stdout, { url, mode, person, team, scopes }, 2);
    }
    const name = person.email === null ? person.name : `${person.name} (${person.email})`;
    print(context.stdout, [
      `${name} on ${url}`,
      `  team    ${team.name}, as ${team.role}`,
      `  may     ${scopes.join(', ')}`,
      ...(person.role === 'admin' ? ['  an admin of the farm'] : []),
    ]);
  });
}
