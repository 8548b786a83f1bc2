import type { Capabilities, Requirement } from '../../model/requirement.ts';
import { boxedFleetProblem, programMissing } from '../boxed-fleet.ts';

/** Programs that workers look for at start, so that a farm without them says so before anything runs. */
export const KNOWN_PROGRAMS = [
  ...[
    'python3',
    'python',
    'node',
    'deno',
    'bun',
    'perl',
    'ruby',
    'php',
    'lua',
    'Rscript',
    'R',
    'julia',
    'octave',
  ],
  ...[
    'java',
    'gcc',
    'g++',
    'clang',
    'make',
    'cmake',
    'go',
    'cargo',
    'rustc',
    'gfortran',
    'dotnet',
    'sqlite3',
  ],
  ...[
    'bash',
    'sh',
    'zsh',
    'awk',
    'gawk',
    'sed',
    'jq',
    'curl',
    'wget',
    'git',
    'zip',
    'unzip',
    'tar',
    'gzip',
    'xz',
  ],
  ...['ffmpeg', 'ffprobe', 'sox', 'convert', 'magick', 'gs', 'pdftotext', 'tesseract', 'exiftool', 'blender'],
  ...['gnuplot', 'povray', 'openscad', 'gdalwarp', 'samtools', 'bwa', 'blastn', 'gmx', 'lmp', 'uv'],
] as const;

const RUNS: Requirement = { key: 'kinds', op: 'includes', value: 'command' };

/** What a worker has to have to run these words. */
export function requirementsOf([program = '']: readonly string[]): Requirement[] {
  const known = KNOWN_PROGRAMS.find((name) => name === program);
  return known === undefined ? [RUNS] : [RUNS, { key: 'command.programs', op: 'includes', value: known }];
}

/** What a worker lacks that does not meet it. */
export function needInWords({ key, value }: Requirement): string | null {
  if (key === 'kinds') return 'a working sandbox for commands';
  return key === 'command.programs' ? `the program ${value}` : null;
}

/** Why none of these workers can run the job, null where one can or none is connected. */
export const fleetProblem = (fleet: readonly Capabilities[], needs: readonly Requirement[]) =>
  boxedFleetProblem(fleet, needs, {
    runs: RUNS,
    what: 'commands',
    lacking() {
      const program = needs.find(({ key }) => key === 'command.programs')?.value;
      return program === undefined ? null : programMissing(`the program "${program}"`);
    },
  });
