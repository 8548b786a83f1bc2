import { SETTINGS, type SettingName } from '@parallel-pilot/shared/model/settings.ts';
import { type Command, Option } from 'commander';
import type { ServerFlags } from './api/connect.ts';
import { wholeNumber } from './numbers.ts';
import { eventNames } from './report/events.ts';
import { refusedSecret } from './secret-options.ts';
import { wrap } from './text/columns.ts';

/** What every command that speaks to a farm takes. */
export type ApiFlags = ServerFlags & { json?: boolean };

const KEY_WAYS = 'Give the key in a file with --key-file, or in the variable PILOT_KEY.';

/** An option that may stand in the environment as well, under the one name that it has there. */
export const setting = (name: SettingName, about: string = SETTINGS[name].about): Option => {
  const { flag } = SETTINGS[name];
  if (flag === null) throw new Error(`${name} is no option of a command`);
  return new Option(flag, about).env(name);
};

export const withServer = (command: Command): Command =>
  withFarm(command).addOption(setting('PILOT_DATA', 'data folder of the farm on this machine'));

/** The key, for a command that names its farm in another way. */
export const withServerKey = (command: Command): Command =>
  command
    .addOption(setting('PILOT_KEY_FILE', 'file with your key, where the farm demands it (or PILOT_KEY)'))
    .addOption(refusedSecret('--key', KEY_WAYS));

/** The same for a command whose `--data` is something else. */
export const withFarm = (command: Command): Command =>
  command
    .addOption(setting('PILOT_SERVER', 'the farm to speak to; otherwise the one on this machine'))
    .addOption(
      setting('PILOT_KEY_FILE', 'file with a key, where "pilot login" did not get one (or PILOT_KEY)'),
    )
    .addOption(refusedSecret('--key', KEY_WAYS));

export const withJson = (command: Command): Command => command.option('--json', 'print JSON instead of text');

/** An option that may be given several times. */
export const together = (value: string, before?: string): string =>
  before === undefined ? value : `${before},${value}`;

/** What a worker is given of its machine, for commands that are one. */
export const withWorker = (command: Command): Command =>
  command
    .addOption(setting('PILOT_NAME', "how the farm calls this worker (this machine's name)"))
    .addOption(setting('PILOT_TAG', 'tags that jobs may choose it by, separated by commas').argParser(joined))
    .addOption(setting('PILOT_POOL', 'pools that it is in, separated by commas').argParser(joined))
    .addOption(setting('PILOT_SLOTS').argParser(wholeNumber(1, 256)))
    .addOption(setting('PILOT_THREADS'))
    .addOption(setting('PILOT_MEMORY_GB', 'memory for jobs, in GB (a share of what the machine has)'))
    .addOption(setting('PILOT_DISK_GB', 'disk space for what jobs write, in GB (what is free)'))
    .addOption(
      setting('PILOT_RESOURCE', 'what else there is to use up, such as licence=1; once for each').argParser(
        together,
      ),
    )
    .addOption(
      setting('PILOT_HOURS', 'hours in which it takes work: 22:00-06:00, or weekdays 20:00-07:00, weekends'),
    )
    .addOption(setting('PILOT_TIME_ZONE', "whose clocks these hours are by (this machine's)"))
    .addOption(setting('PILOT_KINDS', 'kinds of work that it takes (all that it can)').argParser(joined))
    .addOption(setting('PILOT_GPUS', 'GPUs that jobs may ask for, or none (all)').argParser(joined))
    .addOption(setting('PILOT_LENDING_FILE', 'JSON file with such limits, read again when it changes'))
    .addOption(
      setting(
        'PILOT_LEND_DATA',
        'a folder of data that jobs of your team may use on this machine, by name, and that never leaves it: wards=/srv/wards; once for each',
      ).argParser(together),
    )
    .addOption(setting('PILOT_WORKER_DATA', 'folder for files and results on their way'))
    .addOption(setting('PILOT_CACHE_GB', 'space for files of jobs, in GB'))
    .option('--json', 'log lines as JSON');

/** `--tag a --tag b,c` is `--tag a,b,c`. */
const joined = (more: string, before: string | undefined): string =>
  before === undefined ? more : `${before},${more}`;

/** For commands that bring workers. */
export const withUnsandboxed = (command: Command): Command =>
  command.option(
    '--unsandboxed',
    'work even where this machine has no sandbox: a job can then read and change all that you can (or PILOT_UNSANDBOXED=1)',
  );

/** Lines such as "pilot jobs --state active", shown below the options. */
export const withExamples = (command: Command, examples: string[]): Command =>
  command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`);

/** Names of the events of `--json`, shown below the examples; `own` are those of the command's kind. */
export const withEvents = (command: Command, own: Parameters<typeof eventNames>[0]): Command => {
  const lines = wrap(eventNames(own).join(', '), 76).map((line) => `  ${line}`);
  return command.addHelpText('after', `\nEvents of --json, one a line:\n${lines.join('\n')}`);
};
