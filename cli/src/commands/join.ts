import { join } from 'node:path';
import { WorksFor } from '@parallel-pilot/shared/model/worker.ts';
import { Command, Option } from 'commander';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { withExamples, withServerKey, withUnsandboxed, withWorker } from '../options.ts';
import { SentenceError } from '../sentence-error.ts';
import { joinedBefore, runJoined, type WorkerFlags, workerEnv } from './worker.ts';

type Flags = Omit<WorkerFlags, 'join' | 'tokenFile'> & {
  keyFile?: string;
  data?: string;
  lend?: boolean;
  for: WorksFor;
  always?: boolean;
};

/** The token that this machine makes for itself is used at once, or not at all. */
const TOKEN_MS = 60 * 60_000;

/** `pilot join URL --lend`: this machine as a client of a farm that works for it too, while nobody else needs it. */
export function joinCommand(context: Context, exit: (code: number) => void): Command {
  const command = new Command('join')
    .summary('let this machine of yours work for a farm while it is idle')
    .description(
      'Lends this machine to a farm that you have a key of: it makes a join token for itself, and works for others\n' +
        'while nobody uses it (below a quarter of its processors), always behind whatever else runs here.\n' +
        'Ctrl-C finishes what is under way and leaves; a second one leaves at once.',
    )
    .argument('<url>', 'address of the farm, such as http://farm:3000')
    .option('--lend', 'take work of others')
    .addOption(
      new Option('--for <whom>', 'whose work it takes').choices(WorksFor.options).default('everyone'),
    )
    .option('--always', 'also while somebody uses this machine');
  withWorker(command);
  withServerKey(withUnsandboxed(command));
  withExamples(command, [
    'pilot join http://farm:3000 --lend',
    'pilot join http://farm:3000 --lend --for team --slots 2',
  ]);
  return command.action(async (url: string, flags: Flags) => exit(await run(context, url, flags)));
}

async function run(context: Context, url: string, flags: Flags): Promise<number> {
  if (flags.lend !== true)
    throw new SentenceError(
      'Say that this machine may take the work of others: "pilot join URL --lend". To send work to a farm, "--server URL" or PILOT_SERVER is enough.',
    );
  const { config } = context;
  const api = await connect(config, { ...flags, server: url });
  const { join: balancer } = await api.joinLine();
  const workerData = flags.workerData ?? join(config.dataFolder, 'lent');
  const env = workerEnv(context, { ...flags, workerData, join: balancer }, null);
  const token = (await joinedBefore(env))
    ? undefined
    : (
        await api.makeJoinToken({
          name: `pilot join on ${config.hostName}`,
          uses: 1,
          worksFor: flags.for,
          expiresAt: Date.now() + TOKEN_MS,
        })
      ).token;
  return await runJoined({ ...env, PILOT_TOKEN: token, PILOT_ONLY_IDLE: flags.always ? '0' : '1' }, flags);
}
