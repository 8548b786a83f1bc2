import '@mantine/dropzone/styles.css';
import { Button } from '@mantine/core';
import { Dropzone } from '@mantine/dropzone';
import { useRef } from 'react';
import { LogoMark } from '../../app/Logo.tsx';
import { DROPPED_KINDS } from '../../kinds/registry.ts';
import classes from './New.module.css';
import { Samples } from './Samples.tsx';

type DropZoneProps = { refusal: string | null; onFiles(files: File[]): void };

const accept = DROPPED_KINDS.flatMap((kind) => kind.files.flatMap((part) => [...part.extensions]));

export function DropZone({ refusal, onFiles }: DropZoneProps) {
  const open = useRef<() => void>(null);
  return (
    <div>
      <Dropzone
        onDrop={onFiles}
        openRef={open}
        maxFiles={0}
        className={classes.zone ?? ''}
        inputProps={{ 'aria-label': 'Files of the job', accept: [...new Set(accept)].join(',') }}
        activateOnClick={false}
        enablePointerEvents
        tabIndex={-1}
      >
        <div className={classes.zoneInner}>
          <LogoMark size={60} />
          <div className={classes.zoneTitle}>Drop your files here</div>
          <ul className={classes.offers}>
            {DROPPED_KINDS.map(({ name, offer }) => (
              <li key={name}>
                <b>{offer.title}</b>
                {offer.text}
              </li>
            ))}
          </ul>
          <Button size="md" onClick={() => open.current?.()}>
            Choose a file
          </Button>
          <p>An interrupted upload goes on where it stopped.</p>
          <Samples />
        </div>
      </Dropzone>
      {refusal !== null && (
        <p role="alert" className={classes.refusal}>
          {refusal}
        </p>
      )}
    </div>
  );
}
