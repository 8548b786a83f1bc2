import { MOST_LINE, MOST_LINES } from '@parallel-pilot/shared/packages/packages.ts';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';

export type ReadRequirements = { ok: true; lines: string[] } | { ok: false; message: string };

/** What is asked for by a requirements.txt, or by the dependencies of a pyproject.toml (PEP 621). */
export function readRequirements(fileName: string, text: string): ReadRequirements {
  const read = /\.toml$/i.test(fileName) ? dependenciesIn(fileName, text) : linesIn(fileName, text);
  if (!read.ok) return read;
  if (read.lines.length === 0) return wrong(`"${fileName}" names no package.`);
  if (read.lines.length > MOST_LINES)
    return wrong(`"${fileName}" names ${read.lines.length} packages, and ${MOST_LINES} are the most.`);
  return read;
}

/** A name, perhaps with extras, versions and a condition (PEP 508); no address, which would be another place to fetch from. */
const REQUIREMENT =
  /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\s*(\[[A-Za-z0-9._,\s-]*\])?\s*(\(?\s*((===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+\s*,?\s*)*\)?)?\s*(;[^@]*)?$/;

/** What the files of a requirement have to come to, as pip writes it. */
const HASHES = /\s--hash[= ]sha(256|384|512):[0-9a-f]+/g;

function linesIn(fileName: string, text: string): ReadRequirements {
  const lines: string[] = [];
  const joined = text.replace(/\\\r?\n/g, ' ');
  for (const [index, line] of joined.split(/\r?\n/).entries()) {
    // A hash begins a comment at the start of a line, or behind a blank.
    const said = line
      .replace(/\s+/g, ' ')
      .replace(/(^| )#.*$/, '')
      .trim();
    if (said === '') continue;
    if (said.length > MOST_LINE)
      return wrong(
        `"${fileName}", line ${index + 1}, has ${said.length} characters, and ${MOST_LINE} are the most.`,
      );
    const problem = problemWith(said.replace(HASHES, '').trim());
    if (problem !== null) return wrong(`"${fileName}", line ${index + 1}: ${problem}`);
    lines.push(said);
  }
  return { ok: true, lines };
}

/** Of one without its hashes. */
const MOST_CHARACTERS = 1_000;

/** `line`: with single blanks, as the expressions above take longer the more of them follow one another. */
function problemWith(line: string): string | null {
  const said = line.length > 80 ? `${line.slice(0, 80)}…` : line;
  if (/^-/.test(line))
    return `"${said}" is an option of pip, and options are not taken: where packages come from is for the owners of workers. Name the packages alone, or send wheels.`;
  if (/@|:\/\/|\+git/.test(line) || /^[./]/.test(line) || /\.(whl|tar\.gz|zip)$/.test(line))
    return `"${said}" is an address or a file. Build a wheel of it (pip wheel) and send it with the wheels.`;
  if (line.length > MOST_CHARACTERS)
    return `"${said}" has ${line.length} characters, and ${MOST_CHARACTERS} are the most.`;
  return REQUIREMENT.test(line) ? null : `"${said}" is no requirement, such as "einops>=0.7".`;
}

const Project = z.object({
  project: z.object({ dependencies: z.array(z.string()).default([]) }),
});

function dependenciesIn(fileName: string, text: string): ReadRequirements {
  let parsed: unknown;
  try {
    parsed = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const why = error.message.split('\n')[0];
    return wrong(`"${fileName}" is no TOML, line ${error.line}: ${why}`);
  }
  const project = Project.safeParse(parsed);
  if (!project.success) return wrong(`"${fileName}" has no list "dependencies" under [project].`);
  const lines = project.data.project.dependencies.map((line) => line.replace(/\s+/g, ' ').trim());
  for (const line of lines) {
    const problem = problemWith(line);
    if (problem !== null) return wrong(`"${fileName}": ${problem}`);
  }
  return { ok: true, lines };
}

const wrong = (message: string) => ({ ok: false as const, message });
