import { Modal, SegmentedControl } from '@mantine/core';
import type { ChunkStates } from '@parallel-pilot/shared/api/chunks.ts';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useMemo, useRef } from 'react';
import { keepFocus } from '../../../components/keep-focus.ts';
import { Compare } from './Compare.tsx';
import { ContactSheet } from './ContactSheet.tsx';
import { doneFrames } from './done-frames.ts';
import { Flipbook } from './Flipbook.tsx';
import classes from './Look.module.css';
import { LOOKS, type Look } from './opened-look.ts';

type FramesLookProps = {
  job: JobDetail;
  states: ChunkStates;
  /** Null while none is open. */
  look: Look | null;
  /** The frame it begins with. */
  at: number | null;
  onLook(look: Look): void;
  onOpen(ordinal: number): void;
  onClose(): void;
};

/** The finished frames together: played, two side by side and close up, or all on a sheet. */
export function FramesLook({ job, states, look, at, onLook, onOpen, onClose }: FramesLookProps) {
  const shown = look !== null;
  const done = useMemo(() => (shown ? doneFrames(states) : []), [states, shown]);
  const last = useRef(look);
  if (look !== null) last.current = look;
  return (
    <Modal
      opened={shown}
      onClose={onClose}
      size="min(1200px, 94vw)"
      title="Finished frames"
      closeButtonProps={{ 'aria-label': 'Close the finished frames' }}
      transitionProps={{ duration: 0 }}
      // A frame that is opened from here has the focus then.
      returnFocus={false}
      onExitTransitionEnd={() =>
        keepFocus(document.querySelector<HTMLElement>(`[data-look="${last.current}"]`))
      }
    >
      <SegmentedControl
        className={classes.looks ?? ''}
        aria-label="How to look at them"
        value={look ?? 'play'}
        onChange={(value) => onLook(LOOKS.find((one) => one === value) ?? 'play')}
        data={[
          { value: 'play', label: 'Play' },
          { value: 'compare', label: 'Compare' },
          { value: 'sheet', label: 'Sheet' },
        ]}
      />
      {done.length === 0 ? (
        <p role="status">No frame is finished yet.</p>
      ) : (
        <>
          {look === 'play' && <Flipbook job={job} done={done} at={at} />}
          {look === 'compare' && <Compare job={job} done={done} at={at} />}
          {look === 'sheet' && <ContactSheet job={job} done={done} onOpen={onOpen} />}
        </>
      )}
    </Modal>
  );
}
