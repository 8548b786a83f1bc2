import { Load, TakeNetwork } from '@parallel-pilot/shared/api/load.ts';
import { adviceWords, forecastWords } from '@parallel-pilot/shared/api/load-words.ts';
import { Command, InvalidArgumentError } from 'commander';
import { connect } from '../api/connect.ts';
import { findJob } from '../api/find-job.ts';
import { send } from '../api/request.ts';
import type { Context } from '../context.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { loadLines } from '../report/load-lines.ts';
import { print, printJson } from '../text/print.ts';

const PATH = '/api/v1/load';
const HOUR_MS = 3_600_000;

/** `pilot forecast`: what a farm will have to do and can do, what would end the queue, and by what that is known. */
export function forecastCommand(context: Context): Command {
  const command = new Command('forecast')
    .summary('what a farm will have to do, and what would end the queue')
    .description(
      'Shows how much work waits on a farm, how much of it is expected to come and to be done in the next day, and how many more workers would end the queue by a time. For admins of the farm.',
    )
    .helpCommand(false)
    .option('--by <hour>', 'when the queue is to be done, as an hour of the day: 6 or 18', hourOfDay, 6);
  withJson(withServer(command));
  withExamples(command, ['pilot forecast', 'pilot forecast --by 18', 'pilot forecast history > load.csv']);
  for (const one of [historyCommand(context), useCommand(context)])
    command.addCommand(one.copyInheritedSettings(command));
  return command.action(async (flags: ApiFlags & { by: number }) => {
    const api = await connect(context.config, flags);
    const load = await api.get(`${PATH}?by=${nextHour(Date.now(), flags.by)}`, Load);
    if (flags.json) return printJson(context.stdout, load, 2);
    print(context.stdout, loadLines(load, context.stdout.columns || 120));
  });
}

function historyCommand(context: Context): Command {
  const command = new Command('history')
    .summary('print what a network for the forecast learns from')
    .description(
      'Prints what came and what could be done in each quarter hour of the last twelve weeks, as CSV. The last two weeks are left out: by these the farm judges a network.',
    );
  return command.action(async () => {
    const { connection } = await connect(context.config, command.optsWithGlobals<ApiFlags>());
    const reply = await send(connection, 'GET', `${PATH}/history.csv`);
    context.stdout.write(await reply.text());
  });
}

function useCommand(context: Context): Command {
  const command = new Command('use')
    .summary('forecast by a network that a job came to')
    .description(
      'Has the farm forecast its load by the network that a job of yours came to (examples/load-forecast), wherever that was better than Holt-Winters over the last two weeks.',
    )
    .argument('<job>', 'id of the job, or its beginning');
  return command.action(async (text: string) => {
    const api = await connect(context.config, command.optsWithGlobals<ApiFlags>());
    const job = await findJob(api, text);
    const reply = await send(api.connection, 'PUT', `${PATH}/network`, TakeNetwork.parse({ job }));
    const load = Load.parse(await reply.json());
    print(context.stdout, ['The network is taken in.', forecastWords(load), adviceWords(load)]);
  });
}

function hourOfDay(text: string): number {
  const hour = Number(text);
  if (!Number.isInteger(hour) || hour < 0 || hour > 23) throw new InvalidArgumentError('An hour is 0 to 23.');
  return hour;
}

/** The next time that it is that hour here, and not at once. */
function nextHour(now: number, hour: number): number {
  const at = new Date(now);
  at.setHours(hour, 0, 0, 0);
  while (at.getTime() < now + HOUR_MS) at.setDate(at.getDate() + 1);
  return at.getTime();
}
