import { LIMITS, type Uses } from '@parallel-pilot/shared/api/limits.ts';
import { Bar } from '../../components/Bar.tsx';
import { formatLimit, LIMIT_WORDS } from './limit-words.ts';
import classes from './UsesList.module.css';

/** What is used of each limit. */
export function UsesList({ uses }: { uses: Uses }) {
  return (
    <dl className={classes.uses}>
      {LIMITS.map((name) => {
        const { used, most } = uses[name];
        const { label } = LIMIT_WORDS[name];
        const full = most !== null && name !== 'uploadBytes' && used >= most;
        return (
          <div key={name} className={classes.use}>
            <dt>{label}</dt>
            <dd data-full={full || undefined}>{inWords(name, used, most)}</dd>
            {most !== null && name !== 'uploadBytes' && (
              <dd className={classes.bar}>
                <Bar
                  label={`${label}, used`}
                  fraction={most === 0 ? 1 : Math.min(1, used / most)}
                  color={full ? 'var(--state-failed)' : 'var(--state-done)'}
                  height={6}
                />
              </dd>
            )}
          </div>
        );
      })}
    </dl>
  );
}

function inWords(name: (typeof LIMITS)[number], used: number, most: number | null): string {
  if (name === 'uploadBytes') return most === null ? 'No limit' : `up to ${formatLimit(name, most)}`;
  if (most === null) return `${formatLimit(name, used)}, no limit`;
  return `${formatLimit(name, used)} of ${formatLimit(name, most)}`;
}
