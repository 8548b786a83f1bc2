import { Button } from '@mantine/core';
import { Dropzone } from '@mantine/dropzone';
import { useRef } from 'react';
import { LogoMark } from '../../app/Logo.tsx';
import classes from './New.module.css';

type DropZoneProps = { refusal: string | null; onFiles(files: File[]): void };

export function DropZone({ refusal, onFiles }: DropZoneProps) {
  const open = useRef<() => void>(null);
  return (
    <div>
      <Dropzone
        onDrop={onFiles}
        openRef={open}
        maxFiles={0}
        className={classes.zone ?? ''}
        inputProps={{ 'aria-label': 'File to render', accept: '.blend,.zip' }}
        activateOnClick={false}
        enablePointerEvents
        tabIndex={-1}
      >
        <div className={classes.zoneInner}>
          <LogoMark size={60} />
          <div className={classes.zoneTitle}>Drop a .blend here</div>
          <p>
            Or a .zip with one .blend, its textures and linked libraries. An interrupted upload goes on where
            it stopped.
          </p>
          <Button size="md" onClick={() => open.current?.()}>
            Choose a file
          </Button>
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
