import { readFile } from 'node:fs/promises';
import { CommanderError } from 'commander';
import { forgetBlankSettings, readCliConfig } from './config.ts';
import type { Context } from './context.ts';
import { createProgram } from './program.ts';
import { SentenceError } from './sentence-error.ts';
import { print } from './text/print.ts';

forgetBlankSettings();
const context: Context = { config: readCliConfig(), stdout: process.stdout, stderr: process.stderr };
// Warnings of Node about Node are not for those who use it.
if (!context.config.debug) process.removeAllListeners('warning');
for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);

const code = await main();
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
// Sockets on their way to a farm that is gone would keep the process.
process.exit(code);

async function main(): Promise<number> {
  let code = 0;
  const version = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')).version;
  try {
    await createProgram(context, version, (told) => {
      code = told;
    }).parseAsync();
    return code;
  } catch (error) {
    // Commander has written its sentence already.
    if (error instanceof CommanderError) return error.exitCode;
    print(process.stderr, describe(error));
    return 1;
  }
}

function describe(error: unknown): string {
  if (context.config.debug && error instanceof Error) return inspectStack(error);
  if (error instanceof SentenceError) return error.message;
  const what = error instanceof Error ? error.message : String(error);
  return `Something unexpected went wrong: ${what}\nPILOT_DEBUG=1 shows where; please report it with that.`;
}

function inspectStack(error: Error): string {
  const cause = error.cause instanceof Error ? `\nCaused by: ${inspectStack(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

// `pilot jobs | head -1` is no reason to complain.
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
