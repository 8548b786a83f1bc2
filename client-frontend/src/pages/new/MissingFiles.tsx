import { Button } from '@mantine/core';
import { Dropzone } from '@mantine/dropzone';
import { useRef } from 'react';
import type { FilePart } from '../../kinds/kind.ts';
import classes from './New.module.css';

type MissingFilesProps = {
  missing: readonly FilePart[];
  refusal: string | null;
  onFiles(files: File[]): void;
  /** The person wants none of those that a job can do without. */
  onWithout(): void;
};

/** Says what the job still needs, and takes it. What is there already stays. */
export function MissingFiles({ missing, refusal, onFiles, onWithout }: MissingFilesProps) {
  const open = useRef<() => void>(null);
  const accept = missing.flatMap((part) => [...part.extensions]).join(',');
  return (
    <div>
      <Dropzone
        onDrop={onFiles}
        openRef={open}
        maxFiles={0}
        className={classes.zone ?? ''}
        inputProps={{ 'aria-label': 'Files still missing', accept }}
        activateOnClick={false}
        enablePointerEvents
        tabIndex={-1}
      >
        <div className={classes.missing} role="status">
          <p>
            Still missing: <b>{missing.map((part) => part.what).join(', and ')}</b>
          </p>
          <Button onClick={() => open.current?.()}>Choose it</Button>
          {missing.map(
            ({ name, without }) =>
              without !== undefined && (
                <Button key={name} variant="default" onClick={onWithout}>
                  {without}
                </Button>
              ),
          )}
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
