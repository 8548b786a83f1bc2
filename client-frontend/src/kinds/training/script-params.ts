import type { ParamRow } from './params.ts';

const STRING = String.raw`(?:"[^"\\\r\n]*"|'[^'\\\r\n]*')`;
const NUMBER = String.raw`[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?`;
/** A comment or a text over several lines, which is passed over; or a parameter with a default that is written out. */
const TOKENS = new RegExp(
  String.raw`#[^\r\n]*|"{3}[\s\S]*?(?:"{3}|$)|'{3}[\s\S]*?(?:'{3}|$)|\bpilot\s*\.\s*param\s*\(\s*(?<name>${STRING})\s*,\s*(?:default\s*=\s*)?(?<value>${STRING}|${NUMBER}|True|False)\s*,?\s*\)|${STRING}`,
  'g',
);

/** More than these are no settings that anyone tries out. */
const MOST = 20;

/**
 * What a script asks for with `pilot.param("lr", 0.1)`, with its defaults as rows of the form. A reading of
 * the text, not of the language: a default that is computed is passed over, and so is a name with two of them.
 */
export function paramsOf(script: string): ParamRow[] {
  const found = new Map<string, Set<string>>();
  for (const { groups } of script.matchAll(TOKENS)) {
    if (groups?.name === undefined || groups.value === undefined) continue;
    const name = groups.name.slice(1, -1);
    if (!/^[A-Za-z_]\w{0,63}$/.test(name)) continue;
    found.set(name, (found.get(name) ?? new Set()).add(inForm(groups.value)));
  }
  return [...found]
    .flatMap(([name, values]) => (values.size === 1 ? [{ name, values: [...values].join() }] : []))
    .slice(0, MOST);
}

/** A literal of Python as it is typed in the form. */
function inForm(literal: string): string {
  if (literal === 'True' || literal === 'False') return literal.toLowerCase();
  const text = /^["'](.*)["']$/.exec(literal)?.[1];
  if (text === undefined) return literal.replaceAll('_', '');
  // Text that would be read as a number, as two values or as nothing stands in quotes.
  return /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(text) && !/^(true|false)$/i.test(text) ? text : `"${text}"`;
}
