import { Button, Modal } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import classes from './People.module.css';
import { Refused } from './Refused.tsx';

type DialogProps = {
  opened: boolean;
  title: string;
  go: string;
  working: boolean;
  error: unknown;
  /** What it does cannot be taken back. */
  grave?: boolean;
  onClose(): void;
  onGo(): void;
  children: ReactNode;
};

/** A form in a dialog, which is sent or left. */
export function Dialog({
  opened,
  title,
  go,
  working,
  error,
  grave = false,
  onClose,
  onGo,
  children,
}: DialogProps) {
  const id = useId();
  return (
    <Modal opened={opened} onClose={onClose} title={title} centered>
      <form
        id={id}
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          onGo();
        }}
      >
        {children}
        <Refused error={error} />
        <div className={classes.actions}>
          <Button variant="default" onClick={onClose}>
            Leave it
          </Button>
          <Button type="submit" loading={working} {...(grave ? { color: 'berry' } : {})}>
            {go}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
