import { ownOfRuns, sharedOf, valuesOf } from '@parallel-pilot/shared/kinds/command/parameters.ts';
import { asTyped, fillIn } from '@parallel-pilot/shared/kinds/command/words.ts';
import { formatCount, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import classes from './Command.module.css';
import type { Filled } from './form-values.ts';

const SHOWN = 6;

/** The first runs as they will be, and the last where they are more. */
export function FirstRuns({ filled, isWhole }: { filled: Filled; isWhole: boolean }) {
  const { runs } = filled;
  const numbers = runs <= SHOWN ? count(runs) : [...count(SHOWN - 1), runs - 1];
  return (
    <Panel title="As it will run" aside={isWhole && plural(runs, 'run')}>
      {isWhole ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
        <section className={classes.box} tabIndex={0} aria-label="The first runs">
          <table>
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col">Command</th>
              </tr>
            </thead>
            <tbody>
              {numbers.map((run, at) => (
                <tr key={run} data-apart={(at > 0 && run - (numbers[at - 1] ?? 0) > 1) || undefined}>
                  <th scope="row">{formatCount(run + 1)}</th>
                  <td className={classes.words}>{asTyped(wordsOf(filled, run))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : (
        <p className={classes.quiet}>The first runs are listed here as soon as the command is whole.</p>
      )}
    </Panel>
  );
}

const count = (most: number): number[] => Array.from({ length: most }, (_, index) => index);

function wordsOf({ words, parameters, runs }: Filled, run: number): string[] {
  const values = valuesOf(sharedOf(parameters), run, ownOfRuns(parameters, run, 1)?.[0] ?? []);
  return fillIn(words, { ...values, run: String(run + 1), runs: String(runs) });
}
