import { RelativePath } from '../../model/path.ts';
import type { CommandSettings } from './settings.ts';
import type { Typed } from './typed-parameters.ts';

/** Settings as people type them. `message` goes on after what was typed. */

const SECONDS: Record<string, number> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 };

/** "90", "30m" or "2h", in seconds. */
export function readTime(typed: string): Typed<number> {
  const [, digits = '', unit = ''] = /^(\d+\.?\d*|\.\d+)\s*([smhd]?)$/i.exec(typed.trim()) ?? [];
  const seconds = Number(digits) * (SECONDS[unit.toLowerCase()] ?? 0);
  if (digits !== '' && seconds > 0 && seconds <= 30 * 86_400) return { ok: true, value: seconds };
  return refuse(`"${typed}": write a time of at most 30 days, such as 90, 30m or 2h.`);
}

/** "2,64", exit codes. */
export function readCodes(typed: string): Typed<number[]> {
  const codes = typed.split(',').map((code) => Number(/^\s*\d{1,3}\s*$/.test(code) ? code : Number.NaN));
  if (codes.every((code) => code >= 1 && code <= 255)) return { ok: true, value: codes };
  return refuse(`"${typed}": write exit codes from 1 to 255, such as 2,64.`);
}

/** "state", "./state" or "out/state/": a folder below the one that the command starts in. */
export function readFolder(typed: string): Typed<RelativePath> {
  const parsed = RelativePath.safeParse(
    typed
      .trim()
      .replace(/^(\.\/+)+/, '')
      .replace(/\/+$/, ''),
  );
  if (parsed.success) return { ok: true, value: parsed.data };
  return refuse(`"${typed}": name a folder below the one that the command starts in, such as state.`);
}

const WAYS = ['csv', 'jsonl', 'concat'] as const;
/** What runs a script, by the ending of its name. */
const INTERPRETERS: Record<string, string> = {
  ...{
    py: 'python3',
    js: 'node',
    mjs: 'node',
    pl: 'perl',
    rb: 'ruby',
    R: 'Rscript',
    r: 'Rscript',
    jl: 'julia',
  },
  ...{ sh: 'sh', bash: 'bash' },
};

/** "csv", "jsonl" or "concat"; or a script of one's own, or a command with one: "collect.py", "python3 collect.py --all". */
export function readGather(typed: string): Typed<Pick<CommandSettings, 'gather' | 'gatherBy'>> {
  const way = WAYS.find((one) => one === typed.trim().toLowerCase());
  if (way !== undefined) return { ok: true, value: { gather: way, gatherBy: null } };
  const words = typed.trim().split(/\s+/);
  const [first = ''] = words;
  const ending = /\.(\w+)$/.exec(first)?.[1] ?? '';
  if (
    /["'`$;|&<>]/.test(typed) ||
    first === '' ||
    (words.length === 1 && ending === '' && !first.includes('/'))
  )
    return refuse(
      `"${typed}": write csv, jsonl or concat, or a script that puts results together, such as collect.py. No shell reads it.`,
    );
  const interpreter = words.length === 1 ? INTERPRETERS[ending] : undefined;
  const program = first.includes('/') || words.length > 1 ? first : `./${first}`;
  const gatherBy = interpreter === undefined ? [program, ...words.slice(1)] : [interpreter, first];
  return { ok: true, value: { gather: null, gatherBy } };
}

const refuse = (message: string): { ok: false; message: string } => ({ ok: false, message });
