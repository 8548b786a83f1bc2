/** What the shell of a box is told for one run. */
export type ShellRun = {
  /** Where it starts, by its path in the box. */
  folder: string;
  variables: Readonly<Record<string, string>>;
  /** The program by its path, and its arguments. */
  words: readonly string[];
  /** Drawn for this run, letters and digits: it ends both of its streams. */
  word: string;
};

/**
 * Lines for sh(1): run it, end whatever it has left running, and say on both streams that it is over, with its exit
 * code. `kill -1` is everything in the box but its first process and the shell itself, see kill(2); it is said again
 * until nothing is left, so that nothing of one run prints into the next. Not by a shell whose number says that it is in no
 * box: it would be everything of its user on this machine.
 */
export const linesFor = ({ folder, variables, words, word }: ShellRun): string =>
  `(cd ${quoted(folder)} && export ${assigned(variables)} && exec ${words.map(quoted).join(' ')}) </dev/null
s=$?
while [ $$ -lt 100 ] && kill -9 -1 2>/dev/null; do :; done
printf '\\000${word} %s\\n' $s
printf '\\000${word}\\n' >&2
`;

/**
 * The same for a run that is warned before it is ended: one more line that the shell is sent meanwhile has the program
 * get SIGTERM. A list that runs in the background would find its input at its end, so that line is read from a copy.
 */
export const linesWithWarning = ({ folder, variables, words, word }: ShellRun): string =>
  `exec 3<&0
(cd ${quoted(folder)} && export ${assigned(variables)} && exec ${words.map(quoted).join(' ')}) </dev/null 3<&- &
p=$!
{ read -r w; kill -TERM $p; } <&3 2>/dev/null &
wait $p
s=$?
while [ $$ -lt 100 ] && kill -9 -1 2>/dev/null; do :; done
printf '\\000${word} %s\\n' $s
printf '\\000${word}\\n' >&2
`;

/** Names are the caller's: letters, digits and _. */
const assigned = (variables: Readonly<Record<string, string>>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(' ');

/** Within single quotes nothing means anything, see sh(1). */
const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
