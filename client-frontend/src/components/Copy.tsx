import { Button } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { copyText } from './copy-text.ts';

/** Puts a text on the clipboard, and says whether that went. */
export function Copy({ text }: { text: string }) {
  const [told, setTold] = useState<'Copied' | 'Select and copy it' | null>(null);
  useEffect(() => {
    if (told === null) return;
    const timer = setTimeout(() => setTold(null), 2_500);
    return () => clearTimeout(timer);
  }, [told]);
  const copy = async () => setTold((await copyText(text)) ? 'Copied' : 'Select and copy it');
  return (
    <Button
      variant="light"
      onClick={() => void copy()}
      leftSection={
        told === 'Copied' ? <IconCheck size={17} aria-hidden /> : <IconCopy size={17} aria-hidden />
      }
    >
      {told ?? 'Copy'}
    </Button>
  );
}
