import { Button, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { z } from 'zod';
import { request, sentenceOf } from '../../api/request.ts';
import { useMay } from '../../api/session.ts';
import { Panel } from '../../components/Panel.tsx';
import classes from './Function.module.css';
import { pathOf } from './queries.ts';

/** Calls the function with an event of one's own. */
export function TryIt({ name }: { name: string }) {
  const may = useMay();
  const [event, setEvent] = useState('{}');
  const queries = useQueryClient();
  const call = useMutation({
    mutationFn: async (body: unknown) => {
      const began = performance.now();
      const answer = await request(z.unknown(), pathOf(name, '/invoke'), { method: 'POST', body });
      return { answer, ms: performance.now() - began };
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['function', name] }),
  });
  const parsed = parse(event);
  return (
    <Panel title="Try it">
      <Textarea
        className={classes.typed ?? ''}
        label="Event"
        description="JSON, which its handler gets"
        value={event}
        onChange={({ currentTarget }) => setEvent(currentTarget.value)}
        error={parsed.ok ? null : 'This is not JSON.'}
        autosize
        minRows={3}
        maxRows={12}
      />
      <div className={classes.row}>
        <Button
          disabled={!parsed.ok || !may('jobs.submit')}
          loading={call.isPending}
          onClick={() => parsed.ok && call.mutate(parsed.value)}
        >
          Call
        </Button>
        {call.data !== undefined && !call.isPending && (
          <span className={classes.quiet}>{`Answered in ${Math.round(call.data.ms)} ms`}</span>
        )}
      </div>
      {call.error !== null && <p role="alert">{sentenceOf(call.error)}</p>}
      {call.data !== undefined && (
        <section aria-label="Answer" aria-live="polite" className={classes.answer}>
          {JSON.stringify(call.data.answer, null, 2)}
        </section>
      )}
    </Panel>
  );
}

function parse(text: string): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: text.trim() === '' ? null : JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}
