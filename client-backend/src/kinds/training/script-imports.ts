import { STANDARD_LIBRARY } from './standard-library.ts';

/**
 * Top-level names of the modules that a Python script imports in lines without
 * indentation, in their order: `import a.b as c, d` gives a and d. Leaves out
 * relative imports, what every Python brings along, and `pilot`, which the
 * worker brings. Imports further in, perhaps in a `try`, are the script's own
 * business. A reading of lines, not of the language: a wrong guess about a
 * string that spans lines costs a refusal, which the user can word around.
 */
export function importedModules(script: string): string[] {
  const found = new Set<string>();
  for (const line of codeLines(script)) {
    for (const name of namesIn(line)) found.add(name);
  }
  return [...found].filter((name) => name !== 'pilot' && !STANDARD_LIBRARY.has(name));
}

/** Whether a script may call `pilot.once`, under whatever name it has pilot; one that does not loses nothing by it. */
export const namesOnce = (script: string): boolean =>
  codeLines(script).some((line) => /\.[ \t]*once\b|\bimport\b.*\bonce\b/.test(line));

function namesIn(line: string): string[] {
  return line.split(';').flatMap((statement, index) => {
    // After a semicolon a statement may have a space before it, a line's first may not.
    const text = index === 0 ? statement : statement.trimStart();
    const from = /^from[ \t]+([\p{L}_][\p{L}\p{N}_]*)(?:\.[\p{L}\p{N}_.]*)?[ \t]+import\b/u.exec(text);
    if (from?.[1] !== undefined) return [from[1]];
    if (!/^import[ \t]/.test(text)) return [];
    return text
      .slice('import'.length)
      .split(',')
      .flatMap((part) => /^\s*([\p{L}_][\p{L}\p{N}_]*)/u.exec(part)?.[1] ?? []);
  });
}

/** Characters of a line, continued ones joined, in which imports are looked for: what is longer is data. */
const LONGEST_LINE = 10_000;

/** Lines with continued ones joined, without comments and what lies within triple quotes. */
export function* codeLines(script: string): Generator<string> {
  const joined = withoutStrings(script).replace(/\\\r?\n/g, ' ');
  for (const line of joined.split(/\r?\n|\r/)) {
    if (line.length <= LONGEST_LINE) yield line.trimEnd();
  }
}

// One pass over what may hold quotes: a triple quote inside of a comment or of another string opens nothing. What
// is not closed ends with its line, or with the script, so that nothing is read twice.
const TOKENS =
  /#[^\r\n]*|"{3}[\s\S]*?(?:"{3}|$)|'{3}[\s\S]*?(?:'{3}|$)|"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"?|'[^'\\\r\n]*(?:\\[^\r\n][^'\\\r\n]*)*'?/g;
const withoutStrings = (script: string): string =>
  script.replace(TOKENS, (token) => (token.startsWith('#') ? '' : '""'));
