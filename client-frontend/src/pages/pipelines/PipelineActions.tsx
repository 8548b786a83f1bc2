import { Button } from '@mantine/core';
import type { PipelineDetail } from '@parallel-pilot/shared/api/pipelines.ts';
import { IconRefresh, IconTrash, IconX } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { notify } from '../../app/notify.ts';
import { Ask } from '../../components/Ask.tsx';
import { plural } from '../../components/format.ts';
import { showProblem } from '../../job/job-command.ts';
import { useMayWith } from '../../job/may-with.ts';
import { commandPipeline, deletePipeline, pipelineQuery } from './pipeline-queries.ts';
import { SaveAsTemplate } from './SaveAsTemplate.tsx';

/** What may be done with the pipeline as it stands. */
export function PipelineActions({ pipeline }: { pipeline: PipelineDetail }) {
  const { id, name, state, states, total } = pipeline;
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { steers, deletes } = useMayWith(pipeline);
  const [asking, setAsking] = useState<'cancel' | 'delete' | null>(null);
  const head = useRef<HTMLButtonElement>(null);
  const command = useMutation({
    mutationFn: (what: 'cancel' | 'retry') => commandPipeline(id, what),
    onSettled: () => queries.invalidateQueries(pipelineQuery(id)),
    onError: showProblem,
  });
  const remove = useMutation({
    mutationFn: () => deletePipeline(id),
    onSuccess: () => {
      void navigate('/pipelines');
      queries.removeQueries({ queryKey: ['pipeline', id] });
      void queries.invalidateQueries({ queryKey: ['jobs'] });
      notify({ message: `${name} and its ${plural(total, 'job')} are deleted.` });
    },
    onError: showProblem,
  });
  const unfinished = (states.failed ?? 0) + (states.canceled ?? 0) > 0 && state !== 'completed';
  const close = () => setAsking(null);
  return (
    <>
      {steers && unfinished && (
        <Button
          leftSection={<IconRefresh size={17} aria-hidden />}
          loading={command.isPending}
          onClick={() => command.mutate('retry')}
        >
          Go on from what failed
        </Button>
      )}
      {steers && state === 'active' && (
        <Button
          variant="default"
          leftSection={<IconX size={17} aria-hidden />}
          onClick={() => setAsking('cancel')}
        >
          Cancel
        </Button>
      )}
      <SaveAsTemplate pipeline={pipeline} />
      {deletes && (
        <Button
          ref={head}
          variant="default"
          leftSection={<IconTrash size={17} aria-hidden />}
          onClick={() => setAsking('delete')}
        >
          Delete
        </Button>
      )}
      <Ask
        opened={asking === 'cancel'}
        title="Cancel the pipeline?"
        text="All of its jobs that are not over end, and nothing of it begins any more. What is done stays."
        keep="Go on"
        go="Cancel the pipeline"
        returnTo={head}
        onClose={close}
        onGo={() => {
          command.mutate('cancel');
          close();
        }}
      />
      <Ask
        opened={asking === 'delete'}
        title={`Delete ${name}?`}
        text={`Its ${plural(total, 'job')} and their results are deleted with it. This cannot be undone.`}
        keep="Keep it"
        go="Delete"
        working={remove.isPending}
        returnTo={head}
        onClose={close}
        onGo={() => remove.mutate()}
      />
    </>
  );
}
