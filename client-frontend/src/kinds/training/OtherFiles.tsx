import { ActionIcon, Button, FileButton } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { DATA_FORMATS } from '@parallel-pilot/shared/kinds/training/spec.ts';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useId, useState } from 'react';
import { sentenceOf } from '../../api/request.ts';
import { Refusal, sendFile } from '../../api/send-file.ts';
import classes from '../../components/Form.module.css';
import type { FormValues, Others, Stored } from './form-values.ts';

type Part = keyof Others;
type Way = { part: Part; fileName: string; sent: number; size: number };

const DATA = DATA_FORMATS.map((format) => `.${format}`).join(',');
const PARTS: { part: Part; add: string; accept: string; what: string }[] = [
  { part: 'test', add: 'A test set', accept: DATA, what: 'measured on' },
  { part: 'moreData', add: 'More data', accept: DATA, what: 'trained on, too' },
  { part: 'code', add: 'Code as a .zip', accept: '.zip', what: 'beside the script' },
  { part: 'requirements', add: 'Requirements', accept: '.txt,.toml', what: 'packages to install' },
  { part: 'wheels', add: 'Wheels as a .zip', accept: '.zip', what: 'to install them from' },
];

/** A test set, further data, and files beside the script, each sent as soon as it is chosen. */
export function OtherFiles({ form, script }: { form: UseFormReturnType<FormValues>; script: string }) {
  const { others } = form.values;
  const [way, setWay] = useState<Way | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const title = useId();
  const set = (part: Part, stored: Stored[]) =>
    form.setFieldValue('others', withPart(form.getValues().others, part, stored, script));
  const add = async (part: Part, file: File | null) => {
    if (file === null) return;
    const on = (sent: number) => setWay({ part, fileName: file.name, sent, size: file.size });
    setProblem(null);
    on(0);
    try {
      const sending = sendFile(file, { onStart: () => undefined, onProgress: on, onTrouble: setProblem });
      const stored = { blob: await sending.blob, fileName: file.name };
      set(part, part === 'moreData' ? [...form.getValues().others.moreData, stored] : [stored]);
      setProblem(null);
    } catch (error) {
      setProblem(error instanceof Refusal ? error.message : sentenceOf(error));
    } finally {
      setWay(null);
    }
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset does not take part in the grid around it
    <div role="group" aria-labelledby={title} style={{ display: 'contents' }}>
      <div className={classes.group} id={title}>
        Other files
      </div>
      {PARTS.flatMap(({ part, what }) =>
        filesOf(others, part).map((file, index, files) => (
          <p key={`${part}-${file.blob}`} className={classes.says}>
            <b>{file.fileName}</b>, {what}{' '}
            <ActionIcon
              variant="subtle"
              color="gray"
              size={24}
              style={{ verticalAlign: 'middle' }}
              aria-label={`Leave out ${file.fileName}`}
              onClick={() => set(part, files.toSpliced(index, 1))}
            >
              <IconX size={15} />
            </ActionIcon>
          </p>
        )),
      )}
      {way !== null && (
        <p role="status" className={classes.says}>
          Sending {way.fileName}, {Math.floor((100 * way.sent) / Math.max(1, way.size))} %
        </p>
      )}
      {problem !== null && (
        <p role="alert" className={classes.refusal}>
          {problem}
        </p>
      )}
      <div className={classes.whole} style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
        {PARTS.map(({ part, add: label, accept }) => (
          <FileButton key={part} accept={accept} onChange={(file) => void add(part, file)}>
            {(props) => (
              <Button
                {...props}
                variant="default"
                size="sm"
                disabled={way !== null}
                leftSection={<IconPlus size={16} aria-hidden />}
              >
                {label}
              </Button>
            )}
          </FileButton>
        ))}
      </div>
    </div>
  );
}

const filesOf = (others: Others, part: Part): Stored[] => {
  const files = others[part];
  // A draft of before may not have all of them.
  return Array.isArray(files) ? files : files ? [files] : [];
};

/** The script lies at the top of its files. */
function withPart(others: Others, part: Part, files: Stored[], script: string): Others {
  const last = files.at(-1) ?? null;
  switch (part) {
    case 'moreData':
      return { ...others, moreData: files };
    case 'test':
      return { ...others, test: last };
    case 'requirements':
      return { ...others, requirements: last };
    case 'wheels':
      return { ...others, wheels: last };
    case 'code':
      return { ...others, code: last === null ? null : { ...last, entry: script } };
    default:
      return part satisfies never;
  }
}
