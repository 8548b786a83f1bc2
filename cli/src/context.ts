import type { CliConfig } from './config.ts';

/** What every command works with. */
export type Context = {
  config: CliConfig;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
};

/** True where a person watches: bars and colours are for them. `CI` means nobody does, whatever the terminal says. */
export const isWatched = ({ config, stdout }: Context): boolean =>
  stdout.isTTY === true && config.env.TERM !== 'dumb' && !config.env.CI;

/** Whether to colour what goes to a stream; https://no-color.org is kept. */
export const isColoured = ({ config }: Context, stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && !config.env.NO_COLOR && config.env.TERM !== 'dumb';
