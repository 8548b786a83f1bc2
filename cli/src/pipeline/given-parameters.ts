import type { Command } from 'commander';
import { SentenceError } from '../sentence-error.ts';

/** For commands that take other values of parameters. */
export const withParameterOption = (command: Command): Command =>
  command.option(
    '-p, --parameter <name=value>',
    'another value of a parameter; may be repeated',
    (value: string, before: string[] = []) => [...before, value],
  );

/** Values as they were typed, by their names. Throws a SentenceError about the first that cannot be read. */
export function parametersGiven(typed: readonly string[] = []): Map<string, string> {
  return new Map(
    typed.map((one) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(one) ?? [];
      if (name === undefined || value === undefined)
        throw new SentenceError(`-p ${one}: write a name and a value, such as -p runs=100.`);
      return [name, value];
    }),
  );
}
