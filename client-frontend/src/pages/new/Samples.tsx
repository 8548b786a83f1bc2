import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import type { Sample } from '../../kinds/kind.ts';
import { filesOf, SAMPLES } from '../../kinds/samples.ts';
import classes from './Samples.module.css';

/** Something to try the farm with, for who has no file at hand. */
export function Samples() {
  const navigate = useNavigate();
  const give = useMutation({
    mutationFn: async (sample: Sample) => {
      const files = await filesOf(sample);
      const { giveFiles } = await import('./give-files.ts');
      await giveFiles(files);
    },
    onSuccess: () => navigate('/new'),
  });
  return (
    <div className={classes.samples}>
      <span>No file at hand? Try a sample:</span>
      {SAMPLES.map((sample) => (
        <Button
          key={sample.title}
          variant="light"
          size="compact-md"
          loading={give.isPending && give.variables === sample}
          onClick={() => give.mutate(sample)}
        >
          {sample.title}
        </Button>
      ))}
      {give.isError && <p role="alert">The sample could not be fetched. Is the farm still there?</p>}
    </div>
  );
}
