import { spawn } from 'node:child_process';
import { endTree } from './process-tree.mjs';

/** One line of what set-up is doing. */
export function print(line) {
  process.stdout.write(`${line}\n`);
}

/** Set-up cannot go on, and the user is the one who can do something about it: `message` says what. */
export class SetupStopped extends Error {}

/** A program took longer than it may, and was ended. */
export class SetupHung extends SetupStopped {}

const stillEveryMs = 15_000;
const shownLines = 24;

/**
 * Runs a long program quietly: says `label` first, a sign of life every 15 s, and the time it took. Throws
 * SetupStopped with the program's own first and last lines when it fails, and SetupHung where it takes longer than `limitMs`.
 *
 * @param {string} label what is being done, in words: "Installing the npm packages"
 * @param {string[]} command
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, shell?: boolean, limitMs?: number }} options
 */
export async function runQuietly(label, command, { limitMs, ...options }) {
  const [program, ...args] = command;
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  print(`${label} …`);
  let output = '';
  const env = { ...(options.env ?? process.env), NO_COLOR: '1', FORCE_COLOR: '0' };
  const child = spawn(program, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-50_000);
    });
  }
  const alive = setInterval(() => print(`  … ${seconds()}: ${endOf(output, 1).slice(0, 100)}`), stillEveryMs);
  let at = null;
  let hung = false;
  const end = () => {
    hung = true;
    at = endTree(child.pid);
  };
  const limit = limitMs === undefined ? undefined : setTimeout(end, limitMs);
  const ended = await new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('close', (code, signal) =>
      resolve(code === 0 ? null : `ended with ${signal ?? `code ${code}`}`),
    );
  });
  clearInterval(alive);
  clearTimeout(limit);
  if (ended === null) return print(`  done in ${seconds()}`);
  const line = command.join(' ');
  if (hung) {
    const what = at === null ? '' : ` It was at \`${at}\`.`;
    const said = output.trim() === '' ? '' : `\n${gist(output)}`;
    throw new SetupHung(`${label}: \`${line}\` was ended after ${inWords(limitMs)}.${what}${said}`);
  }
  throw new SetupStopped(`${label}: \`${line}\` ${ended}.\n${gist(output)}`);
}

const inWords = (ms) => (ms < 60_000 ? `${ms / 1000} s` : `${Math.round(ms / 60_000)} minutes`);

// npm says first what is wrong and last how it is used; apt the other way round.
function gist(output) {
  const lines = output.trim().split(/\r?\n/);
  if (lines.length <= shownLines) return lines.join('\n');
  return [...lines.slice(0, shownLines / 2), '…', ...lines.slice(-shownLines / 2)].join('\n');
}

function endOf(output, count) {
  return output.trimEnd().split(/\r?\n/).slice(-count).join('\n');
}
