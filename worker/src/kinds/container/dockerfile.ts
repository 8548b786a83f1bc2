/*
 * A Dockerfile is a stranger's. Most of what it asks for is done in a box, but some by the engine itself, with the
 * worker's rights and network: that is refused before anything is built.
 */

/** Why it is not built, as a sentence; null where it is. `network`: whether it may reach the network. */
export function dockerfileProblem(text: string, network: boolean): string | null {
  if (/^\s*#\s*escape\s*=\s*`/im.test(text)) return 'It changes its escape character, which is not taken.';
  for (const line of instructionsOf(text)) {
    const [, name = '', rest = ''] = /^\s*(\w+)\s*(.*)$/s.exec(line) ?? [];
    const instruction = name.toUpperCase();
    if (instruction === 'RUN' && /(^|\s)--(mount|security|network)\b/.test(flagsOf(rest)))
      return `"${shown(line)}": RUN with --mount, --security or --network is not taken.`;
    if (instruction === 'ADD' && !network && /(^|[\s"[,])(https?|git|ssh|ftp):\/\/|(^|\s)git@/i.test(rest))
      return `"${shown(line)}" fetches from the network, which a build may do with --network alone, on workers whose owners let it. Put the file beside the Dockerfile, and COPY it.`;
  }
  return null;
}

/** Lines that end with a backslash go on in the next; comments between them do not end them. */
function instructionsOf(text: string): string[] {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*#/.test(line));
  return lines
    .join('\n')
    .replace(/\\[ \t]*\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
}

/** What stands before the first word that is no flag. */
const flagsOf = (rest: string): string => /^((?:--\S+\s*)*)/.exec(rest)?.[1] ?? '';

const shown = (line: string): string => line.trim().replace(/\s+/g, ' ').slice(0, 120);
