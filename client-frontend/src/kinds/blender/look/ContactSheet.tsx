import { Button, Group } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useState } from 'react';
import { formatCount } from '../../../components/format.ts';
import { Picture } from '../../../components/Picture.tsx';
import { thumbnailUrl } from '../frame-urls.ts';
import type { DoneFrame } from './done-frames.ts';
import classes from './Look.module.css';

/** So many on a page: those out of sight are not fetched, and none of another page is held. */
const ON_A_PAGE = 120;

type ContactSheetProps = { job: JobDetail; done: DoneFrame[]; onOpen(ordinal: number): void };

/** All finished frames, small. */
export function ContactSheet({ job, done, onOpen }: ContactSheetProps) {
  const pages = Math.ceil(done.length / ON_A_PAGE);
  const [turned, setTurned] = useState(0);
  const page = Math.min(turned, pages - 1);
  const from = page * ON_A_PAGE;
  const some = done.slice(from, from + ON_A_PAGE);
  return (
    <>
      <ul className={classes.sheet}>
        {some.map(({ ordinal, frame }) => (
          <li key={ordinal}>
            <button type="button" aria-label={`Frame ${frame}: open it`} onClick={() => onOpen(ordinal)}>
              <Picture src={thumbnailUrl(job.id, frame)} alt="" lazy />
              <span>{frame}</span>
            </button>
          </li>
        ))}
      </ul>
      {pages > 1 && (
        <Group justify="center" mt="md">
          <Button variant="default" disabled={page === 0} onClick={() => setTurned(page - 1)}>
            Before
          </Button>
          <span>
            {formatCount(from + 1)} to {formatCount(from + some.length)} of {formatCount(done.length)}
          </span>
          <Button variant="default" disabled={page === pages - 1} onClick={() => setTurned(page + 1)}>
            After
          </Button>
        </Group>
      )}
    </>
  );
}
