import { DATA_FORMATS } from '@parallel-pilot/shared/kinds/training/spec.ts';
import { LentName } from '@parallel-pilot/shared/model/lent-data.ts';
import { Command } from 'commander';
import type { Context } from '../../context.ts';
import { priority, wholeNumber } from '../../numbers.ts';
import { setting, withEvents, withExamples, withFarm, withJson, withUnsandboxed } from '../../options.ts';
import { readAfter, withAfter } from '../../run/after.ts';
import { type AskedFlags, readAsked, withAsked } from '../../run/asked.ts';
import { readBy, withBy } from '../../run/by.ts';
import { checkLocalFile } from '../../run/local-file.ts';
import { checkOutFolder } from '../../run/local-folder.ts';
import { type PackageFlags, readPackages, readPython, withPackages } from '../../run/packages.ts';
import { type PlacementFlags, readPlacement, withPlacement } from '../../run/placement.ts';
import { type CarryOut, runCommand } from '../../run/run-command.ts';
import { SentenceError } from '../../sentence-error.ts';
import { readCodeFolder, scriptIn } from './code-folder.ts';
import { TRAINING_EVENTS } from './events.ts';
import { trainPlan } from './plan.ts';
import { readFlags, type TrainFlags } from './request.ts';
import { readStart } from './start.ts';

type Flags = TrainFlags &
  PlacementFlags &
  PackageFlags &
  AskedFlags & {
    data?: string[];
    localData?: string;
    code?: string;
    test?: string;
    from?: string;
    fitting?: boolean;
    out: string;
    workers?: number;
    priority?: number;
    by?: string;
    after?: string[];
    verbose?: boolean;
    unsandboxed?: boolean;
    server?: string;
    keyFile?: string;
    farmData?: string;
    json?: boolean;
  };

/** `pilot train`: exit code 0 only when every model asked for is in `--out`, 1 otherwise, 130 after Ctrl-C. */
export function trainCommand(
  context: Context,
  exit: (code: number) => void,
  carryOut: CarryOut = runCommand,
): Command {
  const command = new Command('train')
    .summary('train a model over several machines and save it')
    .description(
      'Trains a Python script over shards of a data set and saves the merged model.\n' +
        'Uses the farm that is given or running on this machine; otherwise starts one for this job.\n' +
        'With --sweep it trains with several values of parameters, shown side by side; asha stops those that lose.',
    )
    .argument('<script>', 'Python script that imports pilot')
    .option(
      '--data <file>',
      '.npz, .csv, .jsonl, or .zip of images with a folder for each class; may be repeated; without, the script makes its own',
      collect,
    )
    .option(
      '--local-data <name>',
      'train on the data that workers of your team lend by this name: one shard for each, which never leaves it',
    )
    .option('--code <dir>', 'folder of modules and other files of the script, which lies in it')
    .option('--test <file>', 'what the merged model is measured on, in the format of the data')
    .option(
      '--from <model>',
      'weights to start from: .npz, .safetensors, .pt, or a training: job_…, job_…@12',
    )
    .option('--fitting', 'of these the arrays that fit the script, such as all but a new last layer')
    .option('--shards <n>', 'parts of the data, each trained on by one worker at a time (4)')
    .option('--rounds <n>', 'times that the shards are trained and merged (10)')
    .option(
      '--mode <mode>',
      'rounds of epochs; diloco: of inner steps, with an outer step; or ddp: workers that reach each other take every step together (rounds)',
    )
    .option('--inner-steps <n>', 'steps of each shard in a round of --mode diloco (500)')
    .option('--compress <how>', 'send updates as none, bf16 or int8: half or a quarter of the bytes (none)')
    .option(
      '--sparsify <share>',
      'with --compress: send so many of the differences only, the largest, such as 0.1 or 1%',
    )
    .option('--batch <n>', 'rows of one step over all shards together (32)')
    .option('--merge <how>', 'average, or outer: a step with momentum on the averaged change')
    .option('--outer-lr <n>', 'learning rate of the outer step (1; diloco by its rounds, 0.7 from 200 on)')
    .option('--outer-momentum <n>', 'momentum of the outer step (0.3; diloco by its rounds, 0.9 from 200 on)')
    .option('--trim <share>', 'leave out this share of the updates at either end of every weight (0)')
    .option('--clip <norm>', 'scale down updates that change the model by more (L2 norm over all weights)')
    .option(
      '--noise <n>',
      'noise on their sum, as a multiple of --clip: differential privacy of each shard (0)',
    )
    .option(
      '--secure',
      'of --local-data: hand updates in under masks, so that the farm sees their sum alone; asks for --clip',
    )
    .option(
      '--deadline <time>',
      'close a round so long after its start, and end a shard that takes longer, such as 90, 10m or 2h',
    )
    .option('--quorum <share>', 'shards that a round needs after its deadline, such as 0.75 or 75%')
    .option('--strict', 'fail where a round would go on without one of its shards')
    .option('--holdout <share>', 'part of the rows kept to measure the merged model on (0.1)')
    .option('--seed <n>', 'for shuffling the data and for the script (0)')
    .option('--weighting <how>', 'even, or speed: larger shards for faster workers')
    .option('--patience <n>', 'end after so many rounds without a better model')
    .option('--metric <name>', 'what better means: accuracy, or else the first that is reported')
    .option('--goal <goal>', 'max or min of that metric')
    .option('--label <name>', 'column, field or array with the labels, where it is not found by its name')
    .option('--split <how>', 'shuffled, or blocks: rows that follow each other, in their order')
    .option('--group <name>', 'column, field or array: rows with one value of it come into one shard')
    .option(
      '--missing <how>',
      'values missing in a .csv: refuse, drop (the rows), mean, zero or keep (as NaN)',
    )
    .option('--drop <column>', 'leave out a column of a .csv, * for all of text; may be repeated', collect)
    .option('--encode <column>', 'a column of 0 and 1 for each value of it; may be repeated', collect)
    .option('--models <which>', 'models of rounds to keep: all, best, or auto: all while they are small')
    .option('--param <name=value>', 'value of pilot.param in the script; may be repeated', collect)
    .option(
      '--sweep <name=values>',
      'values to try of it: 0.1,0.01 or log(1e-5, 1e-2), uniform(0, 0.5), int(16, 128); may be repeated',
      collect,
    )
    .option(
      '--sweep-mode <mode>',
      'grid: each combination; random: --runs of them; asha: of these the best go on (grid, or random with a range)',
    )
    .option('--runs <n>', 'trainings of a sweep by chance (16)')
    .option('--concurrent <n>', 'trainings of a sweep at once (4)')
    .option('--reduction-factor <n>', 'of asha: one in so many goes on (3)')
    .option('--min-rounds <n>', 'of asha: rounds before trainings are first compared (1)')
    .option('-o, --out <dir>', 'where to save', 'out')
    .option(
      '--priority <n>',
      'before jobs with a smaller one, -100 to 100; 100 takes back what runs for it',
      priority,
    )
    .addOption(
      setting(
        'PILOT_WORKERS',
        'workers that train together in --mode ddp (2); else those of a farm started for this job',
      ).argParser(wholeNumber(1, 64)),
    )
    .option('--min-workers <n>', 'in --mode ddp, go on with so many after a loss (half of them)')
    .option('--verbose', "also show the logs of that farm's processes")
    .option('--farm-data <dir>', 'data folder of the farm on this machine (or PILOT_DATA)');
  withAfter(withBy(withAsked(withPlacement(withPackages(command, 'script')))));
  withJson(withFarm(withUnsandboxed(command)));
  withExamples(command, [
    'pilot train digits.py --data digits.npz --shards 4 --rounds 10',
    'pilot train digits.py --data digits.npz --merge outer --deadline 10m --quorum 75%',
    'pilot train words.py --data words.npz --mode diloco --inner-steps 200 --compress int8',
    'pilot train digits.py --data digits.npz --patience 3 --metric accuracy',
    'pilot train words.py --data monday.csv --data tuesday.csv --test wednesday.csv',
    'pilot train digits.py --data digits.npz --sweep lr=0.1,0.01 --sweep width=32,64',
    "pilot train digits.py --data digits.npz --rounds 27 --sweep 'lr=log(1e-4, 1)' --sweep-mode asha --runs 20",
    'pilot train digits.py --data more.npz --from model.npz',
    'pilot train digits.py --data digits.npz --mode ddp --workers 4 --min-workers 2',
    'pilot train --code src train.py --data digits.npz',
    'pilot train digits.py --data digits.npz --requirements requirements.txt --wheels wheels',
    'pilot train wards.py --local-data wards --deadline 10m',
    'pilot train cats.py --data photos.zip --server http://farm:3000 --json',
  ]);
  withEvents(command, TRAINING_EVENTS);
  return command.action(async (script: string, flags: Flags) =>
    exit(await run(carryOut, context, script, flags)),
  );
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

async function run(carryOut: CarryOut, context: Context, path: string, flags: Flags): Promise<number> {
  const read = readFlags(flags);
  if (!read.ok) throw new SentenceError(read.message);
  const place = flags.code === undefined ? path : await scriptIn(flags.code, path);
  const script = await fileOf(place, ['py'], 'Give the Python script.');
  const data = [];
  for (const file of flags.data ?? []) data.push(await dataOf(file));
  const test = flags.test === undefined ? null : await dataOf(flags.test);
  const from = readStart(flags.from, flags.fitting ?? false);
  const localData = readLocal(flags);
  if (test !== null && data.length === 0 && localData === null) {
    throw new SentenceError(
      '--test goes with --data: a script that makes its own data makes that to measure on, too.',
    );
  }
  await checkOutFolder(flags.out);
  const others = [flags.out, ...[...data, ...(test === null ? [] : [test])].map((file) => file.path)];
  const code = flags.code === undefined ? null : await readCodeFolder(flags.code, place, others);
  const packages = await readPackages(flags.requirements, flags.wheels);
  const python = readPython(flags.python);
  const { cpus } = context.config;
  const plan = trainPlan({
    script,
    data,
    localData,
    test,
    code,
    packages,
    python,
    from,
    request: read.request,
    out: flags.out,
    cpus,
  });
  const { server, keyFile, farmData } = flags;
  return carryOut(context, plan, {
    server: { ...(server && { server }), ...(keyFile && { keyFile }), ...(farmData && { data: farmData }) },
    workers: flags.workers ?? null,
    priority: flags.priority ?? null,
    asked: readAsked(flags),
    verbose: flags.verbose ?? false,
    unsandboxed: flags.unsandboxed ?? false,
    after: readAfter(flags.after),
    deadline: flags.by === undefined ? null : await readBy(flags.by, Date.now()),
    placement: readPlacement(flags),
    json: flags.json ?? false,
  });
}

function readLocal({ localData, data = [], holdout }: Flags): string | null {
  if (localData === undefined) return null;
  if (!LentName.safeParse(localData).success)
    throw new SentenceError(
      `--local-data ${localData}: write the name that workers lend it by, such as wards; letters, digits, "_", "-" and ".".`,
    );
  if (data.length > 0) throw new SentenceError('--local-data is all of the data: it goes without --data.');
  if (holdout !== undefined)
    throw new SentenceError(
      '--holdout is for data that the farm splits. What of --local-data is measured on is the script’s to say, or a file of --test.',
    );
  return localData;
}

const dataOf = (path: string) =>
  fileOf(path, DATA_FORMATS, 'Give one file; images go into a .zip with a folder for each class.');

async function fileOf(path: string, extensions: readonly string[], wanted: string) {
  const file = await checkLocalFile(path, wanted);
  if (!file.ok) throw new SentenceError(file.message);
  if (extensions.some((extension) => path.toLowerCase().endsWith(`.${extension}`))) return file;
  const known = extensions
    .map((extension) => `.${extension}`)
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' or ');
  throw new SentenceError(`${path} does not end with ${known}. ${wanted}`);
}
