import '@mantine/dropzone/styles.css';
import { Button, Group } from '@mantine/core';
import { Dropzone } from '@mantine/dropzone';
import { useRef } from 'react';
import { LogoMark } from '../../app/Logo.tsx';
import { DROPPED_KINDS } from '../../kinds/registry.ts';
import { chooseFolder } from './choose-folder.ts';
import classes from './New.module.css';
import { Samples } from './Samples.tsx';

type DropZoneProps = { refusal: string | null; onFiles(files: File[]): void };

const extensions = DROPPED_KINDS.flatMap((kind) => kind.files.flatMap((part) => [...part.extensions]));
/** What a browser offers to choose; any file where one kind takes any. */
const accept = extensions.includes('') ? undefined : [...new Set(extensions)].join(',');

export function DropZone({ refusal, onFiles }: DropZoneProps) {
  const open = useRef<() => void>(null);
  return (
    <div>
      <Dropzone
        onDrop={onFiles}
        openRef={open}
        maxFiles={0}
        className={classes.zone ?? ''}
        inputProps={{ 'aria-label': 'Files of the job', ...(accept === undefined ? {} : { accept }) }}
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
          <Group justify="center" gap="xs">
            <Button size="md" onClick={() => open.current?.()}>
              Choose a file
            </Button>
            <Button size="md" variant="default" onClick={() => chooseFolder(onFiles)}>
              A folder
            </Button>
          </Group>
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
