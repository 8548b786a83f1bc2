import { IconPlugConnectedX } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { readinessQuery, sessionQuery } from '../api/queries.ts';
import { useConnection } from '../live/LiveProvider.tsx';
import classes from './Shell.module.css';

const PROBLEMS: Record<string, string> = {
  database: 'The farm cannot reach its database. Nothing is lost; it goes on when the database is back.',
  'load-balancer':
    'The load balancer is not reachable, so no new work is handed out. It goes on by itself when it is back.',
  disk: 'The farm is short of disk space. Delete old jobs or make room, and it goes on.',
};

/** Says so when what the page shows may be old, or the farm cannot work. */
export function Banner() {
  const { live, http } = useConnection();
  const lost = useLater(live === 'off', 1_200);
  const away = http === 'unreachable';
  const readiness = useQuery({ ...readinessQuery(), enabled: !away });
  useRecovery(away);
  useDoubt(lost);

  if (away) {
    return (
      <Line
        grave
        text="The farm does not answer. What you see may be old; this page goes on as soon as it is back."
      />
    );
  }
  if (lost) return <Line text="The live connection is lost. Connecting again…" />;
  const problem = readiness.data?.problems[0];
  if (problem === undefined) return null;
  return <Line grave text={PROBLEMS[problem] ?? `Part of the farm is not working: ${problem}.`} />;
}

function Line({ text, grave = false }: { text: string; grave?: boolean }) {
  return (
    <div role="status" className={classes.banner} data-grave={grave || undefined}>
      <IconPlugConnectedX size={18} aria-hidden />
      {text}
    </div>
  );
}

/** True once the condition has held for a while: a short gap is not worth a banner. */
function useLater(condition: boolean, ms: number): boolean {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (!condition) {
      setHeld(false);
      return;
    }
    const timer = setTimeout(() => setHeld(true), ms);
    return () => clearTimeout(timer);
  }, [condition, ms]);
  return held;
}

/** Asks until the farm answers, then asks everything again. */
function useRecovery(away: boolean): void {
  const queries = useQueryClient();
  const wasAway = useRef(false);
  useEffect(() => {
    if (!away) {
      if (wasAway.current) void queries.invalidateQueries();
      wasAway.current = false;
      return;
    }
    wasAway.current = true;
    const timer = setInterval(() => void queries.refetchQueries(sessionQuery()), 3_000);
    return () => clearInterval(timer);
  }, [away, queries]);
}

/** Whether only the live connection is gone, or the farm: one question tells. */
function useDoubt(lost: boolean): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (lost) void queries.refetchQueries(sessionQuery());
  }, [lost, queries]);
}
