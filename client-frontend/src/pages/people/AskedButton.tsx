import { Button } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Ask } from '../../components/Ask.tsx';

type AskedButtonProps = {
  /** What the button says. */
  label: string;
  /** For who does not see where it stands: "Revoke the key laptop". */
  about?: string;
  title: string;
  text: string;
  go: string;
  working: boolean;
  icon?: ReactNode;
  onGo(): void;
};

/** A button for what is asked about once more before it is done. */
export function AskedButton({ label, about, title, text, go, working, icon, onGo }: AskedButtonProps) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button
        variant="default"
        size="xs"
        leftSection={icon}
        {...(about === undefined ? {} : { 'aria-label': about })}
        loading={working}
        onClick={() => setAsking(true)}
      >
        {label}
      </Button>
      <Ask
        opened={asking}
        title={title}
        text={text}
        keep="Leave it"
        go={go}
        onClose={() => setAsking(false)}
        onGo={() => {
          setAsking(false);
          onGo();
        }}
      />
    </>
  );
}
