import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SETTINGS, type SettingName } from '@parallel-pilot/shared/model/settings.ts';
import type { Command, Option } from 'commander';
import { forgetBlankSettings, readCliConfig } from './config.ts';
import { createProgram } from './program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const context = () => ({ config: readCliConfig({}), stdout: process.stdout, stderr: process.stderr });
const commands = () => createProgram(context(), '0', () => {}).commands;
const names = Object.keys(SETTINGS) as SettingName[];
const nameOf = (flag: string): string =>
  `PILOT_${flag.replace(/^--/, '').replaceAll('-', '_').toUpperCase()}`;
const isSetting = (name: string): name is SettingName => name in SETTINGS;

/** Options that look like a setting and are something else, or take it in another way. */
const OTHERS: Record<string, string> = {
  'train --data': 'the training data; its farm is --farm-data',
  'train --farm-data': 'PILOT_DATA',
  ...Object.fromEntries(
    ['render', 'train', 'run']
      .flatMap((command) => [`${command} --pool`, `${command} --tag`])
      .map((option) => [
        option,
        'what the job asks of workers; a worker is put there by PILOT_POOL and PILOT_TAG',
      ]),
  ),
  'run --name': 'what the job is called; PILOT_NAME is what a worker is',
  '* --unsandboxed': 'PILOT_UNSANDBOXED=0 means no, and Commander takes any value for a yes: see config.ts',
  '* --only-idle': 'PILOT_ONLY_IDLE=0 means no, likewise',
  '* --token': 'refused, with a sentence',
  '* --key': 'refused, with a sentence',
};
const isOther = (command: Command, { long }: Option): boolean =>
  `${command.name()} ${long}` in OTHERS || `* ${long}` in OTHERS;

describe('a setting has one name', () => {
  afterEach(() => {
    for (const name of names) delete process.env[name];
  });

  test('as an option of each command that takes it, and as a variable', () => {
    for (const command of commands()) {
      for (const option of command.options.filter((it) => !isOther(command, it))) {
        const name = nameOf(option.long ?? '');
        const what = `${command.name()} ${option.flags}`;
        if (option.envVar !== undefined || isSetting(name)) assert.equal(option.envVar, name, what);
        if (isSetting(name)) assert.equal(option.flags, SETTINGS[name].flag, what);
      }
    }
    const taken = new Set(commands().flatMap((command) => command.options.map(({ flags }) => flags)));
    for (const name of names) {
      const { flag } = SETTINGS[name];
      if (flag === null) continue;
      assert.equal(nameOf(flag.split(' ')[0] ?? ''), name);
      assert.ok(taken.has(flag), `no command takes ${flag}`);
    }
  });

  test('and the variable does in each command what the option does', async () => {
    for (const index of commands().keys()) {
      const [fresh] = commands().slice(index);
      for (const { long, envVar } of fresh?.options ?? []) {
        if (envVar === undefined) continue;
        const byFlag = await parsed(index, [String(long), '2']);
        process.env[envVar] = '2';
        assert.deepEqual(await parsed(index, []), byFlag, `${fresh?.name()} ${envVar}`);
        process.env[envVar] = ' ';
        forgetBlankSettings();
        assert.deepEqual(
          await parsed(index, [String(long), '2']),
          byFlag,
          `${envVar} that is blank is not given`,
        );
        delete process.env[envVar];
      }
    }
  });

  test('everywhere in the sources, in messages and in the documentation', () => {
    const known = new Set(commands().flatMap((command) => command.options.map(({ long }) => long)));
    const ofKinds = new Set(namesIn(files('*/src/kinds/**/*.{ts,py}')));
    for (const file of files(
      '{cli,client-backend,load-balancer,shared,worker,sandbox,images,scripts}/**/*.{ts,mjs}',
    )) {
      if (/\.(test|fixture)\.|fixtures\/|\/kinds\//.test(file)) continue;
      const text = readFileSync(join(root, file), 'utf8');
      for (const [name] of text.matchAll(/\bPILOT_[A-Z_]*[A-Z]\b/g))
        assert.ok(isSetting(name) || ofKinds.has(name), `${name} in ${file} is no setting`);
      for (const [, flag = '', name = ''] of text.matchAll(
        /(--[a-z-]+)(?: [A-Z]+)?,? \(?or (PILOT_[A-Z_]+)/g,
      ))
        assert.equal(nameOf(flag), name, file);
      for (const [, flag = ''] of text.matchAll(/\b(?:with|by|to) (--[a-z]{2,}[a-z-]*)\b/g))
        assert.ok(known.has(flag), `${flag} in ${file} is no option`);
    }
    const read = new Set(namesIn(files('*/src/**/*.ts').filter((file) => !file.includes('settings'))));
    for (const name of names)
      assert.ok(read.has(name) || SETTINGS[name].flag !== null, `${name} is not read`);
    const page = readFileSync(join(root, 'docs/settings.md'), 'utf8');
    for (const name of names) {
      const { flag, about } = SETTINGS[name];
      const row = `| \`${name}\` | ${flag === null ? '' : `\`${flag}\``} | ${about} |`;
      assert.ok(page.includes(row), `docs/settings.md lacks: ${row}`);
    }
  });
});

const files = (glob: string): string[] =>
  globSync(glob, { cwd: root, exclude: (path) => /(^|\/)(node_modules|dist)$/.test(path) });

const namesIn = (paths: readonly string[]): string[] =>
  paths.flatMap((path) =>
    [
      ...readFileSync(join(root, path), 'utf8').matchAll(/\b(?:PILOT_[A-Z_]*[A-Z]|DATABASE_[A-Z_]*[A-Z])\b/g),
    ].map(([name]) => name),
  );

/** What the command would act on, with the arguments and options that it cannot do without. */
async function parsed(index: number, given: string[]): Promise<Record<string, unknown>> {
  const [command] = commands().slice(index);
  if (command === undefined) throw new Error('there is no such command');
  command.action(() => {});
  const needed = command.options
    .filter(
      ({ mandatory, long, envVar }) =>
        mandatory && !given.includes(String(long)) && !process.env[envVar ?? ''],
    )
    .flatMap(({ long }) => [String(long), '2']);
  const words = command.registeredArguments.filter(({ required }) => required).map(() => '2');
  await command.parseAsync([...words, ...needed, ...given], { from: 'user' });
  return command.opts();
}
