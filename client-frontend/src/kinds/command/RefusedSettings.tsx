import { Button, Checkbox, Stack, Textarea } from '@mantine/core';
import { REFUSED_SORTS, RefusedChanges } from '@parallel-pilot/shared/kinds/command/destructive.ts';
import { type FormEvent, useState } from 'react';
import { Panel } from '../../components/Panel.tsx';
import type { KindSettingsProps } from '../kind.ts';
import classes from './Command.module.css';

/** What the farm refuses to run before it looks at it any further. */
export function RefusedSettings({ settings, saving, error, onSave }: KindSettingsProps) {
  const before = RefusedChanges.parse(settings ?? {});
  const [allowed, setAllowed] = useState(before.allowed);
  const [typed, setTyped] = useState(before.texts.join('\n'));
  const texts = typed.split('\n').flatMap((line) => line.trim() || []);
  const checked = RefusedChanges.safeParse({ allowed, texts });
  const changed = JSON.stringify({ allowed, texts }) !== JSON.stringify(before);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSave({ allowed, texts });
  };
  return (
    <Panel title="Commands that are refused">
      <form className={classes.refused} onSubmit={submit}>
        <p>
          This list catches slips, in commands and in the shell scripts that they name. It keeps nobody out: a
          program can do the same in other ways. What holds is the sandbox of the workers.
        </p>
        <Checkbox.Group
          label="A command that"
          value={REFUSED_SORTS.map(({ name }) => name).filter((name) => !allowed.includes(name))}
          onChange={(refused) =>
            setAllowed(REFUSED_SORTS.map(({ name }) => name).filter((name) => !refused.includes(name)))
          }
        >
          <Stack gap={8} mt={6}>
            {REFUSED_SORTS.map(({ name, what }) => (
              <Checkbox key={name} value={name} label={what} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Textarea
          label="And what holds one of these texts"
          description="One on each line, as it would stand in the command."
          autosize
          minRows={2}
          maxRows={12}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          error={checked.success ? undefined : checked.error.issues[0]?.message}
        />
        {error !== null && <p role="alert">{error}</p>}
        <div className={classes.save}>
          <Button type="submit" loading={saving} disabled={!changed || !checked.success}>
            Save
          </Button>
        </div>
      </form>
    </Panel>
  );
}
