import type { Distribution } from './search.ts';

const CALL = /^([a-z_]+)\s*\(([^()]*)\)$/i;
const NAMES: Record<string, 'uniform' | 'log' | 'int'> = {
  uniform: 'uniform',
  log: 'log',
  loguniform: 'log',
  log_uniform: 'log',
  int: 'int',
  randint: 'int',
};
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** "log(1e-5, 1e-2)" and the like; `not-a-range` for what is a list of values, or a sentence. */
export function readRange(
  text: string,
): { ok: true; range: Distribution } | { ok: false; message: string } | 'not-a-range' {
  const call = CALL.exec(text.trim());
  if (call === null) return 'not-a-range';
  const [, name = '', inside = ''] = call;
  const of = Object.hasOwn(NAMES, name.toLowerCase()) ? NAMES[name.toLowerCase()] : undefined;
  if (of === undefined)
    return refused(
      `${name}(…) is no distribution that is known here: write uniform(from, to), log(from, to), int(from, to), or values with commas. A text with brackets goes in double quotes.`,
    );
  const ends = inside.split(',').map((end) => end.trim());
  const [from = Number.NaN, to = Number.NaN] = ends.map((end) =>
    NUMBER.test(end) ? Number(end) : Number.NaN,
  );
  if (ends.length !== 2 || !Number.isFinite(from) || !Number.isFinite(to))
    return refused(`${text.trim()}: write two numbers, such as ${of}(${EXAMPLES[of]}).`);
  if (of === 'log' && from <= 0) return refused(`${text.trim()}: a logarithm needs numbers above 0.`);
  if (of === 'int' && !(Number.isSafeInteger(from) && Number.isSafeInteger(to)))
    return refused(`${text.trim()}: int is between whole numbers; uniform has others.`);
  if (from >= to) return refused(`${text.trim()}: write the smaller number first.`);
  return { ok: true, range: { of, from, to } };
}

const EXAMPLES = { uniform: '0, 0.5', log: '1e-5, 1e-2', int: '16, 128' };

const refused = (message: string) => ({ ok: false as const, message });
