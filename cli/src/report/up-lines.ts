import { styleText } from 'node:util';
import { plural } from '../text/units.ts';

export type UpFacts = {
  url: string;
  /** False while the farm listens on this machine alone. */
  reachable: boolean;
  join: string;
  /** What the line asks for; null where it must not be printed. */
  token: string | null;
  workers: number;
  /** They may work without a sandbox. */
  unsandboxed: boolean;
  cpus: number;
  dataFolder: string;
  /** Where the first admin makes their account; null where there is one, or nobody signs in. */
  adminLink: string | null;
};

/** What `pilot up` says once the farm is up. */
export function upLines(facts: UpFacts, colour: boolean): string[] {
  const style = (how: 'bold' | 'cyan' | 'dim' | 'green' | 'yellow', text: string) =>
    colour ? styleText(how, text, { validateStream: false }) : text;
  const threads = facts.workers === 0 ? 0 : Math.max(1, Math.floor(facts.cpus / facts.workers));
  const workers =
    facts.workers === 0
      ? 'none on this machine'
      : `${plural(facts.workers, 'worker')} on this machine, ${plural(threads, 'thread')} each`;
  const join = facts.reachable
    ? [
        '  Another machine joins as a worker with',
        `    ${style('cyan', facts.join)}`,
        facts.token === null
          ? '  It asks for a token, which the Workers page of the website shows.'
          : `  It asks for this token: ${style('cyan', facts.token)}`,
      ]
    : [
        '  Only this machine can reach the farm. To let others in, start it with --host 0.0.0.0;',
        '  the line by which they join as workers is shown then.',
      ];
  const admin =
    facts.adminLink === null
      ? []
      : ['', ...adminLinkLines(facts.adminLink).map((line) => style('yellow', line))];
  return [
    '',
    `  ${style('green', '●')} ${style('bold', 'Parallel Pilot is up')}`,
    '',
    `  Website   ${style('cyan', facts.url)}`,
    `  Workers   ${workers}`,
    `  Data      ${facts.dataFolder}`,
    ...(facts.unsandboxed && facts.workers > 0 ? unsandboxedLines.map((line) => style('yellow', line)) : []),
    ...admin,
    '',
    ...join,
    '',
    `  ${style('dim', 'Ctrl-C stops it. Jobs that are not finished go on when it is started again.')}`,
    '',
  ];
}

const unsandboxedLines = [
  '',
  '  --unsandboxed: where this machine has no sandbox, a job can read, change and send away all that you can.',
];

const adminLinkLines = (link: string): string[] => [
  '  Nobody can sign in yet. The first account, an admin’s, is made here, once, within an hour:',
  `    ${link}`,
  '  A later start shows a new link until then.',
];
