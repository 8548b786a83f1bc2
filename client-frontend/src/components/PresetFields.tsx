import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { type KeyboardEvent, useState } from 'react';
import classes from './Form.module.css';
import { forgetPreset, keepPreset, LONGEST_NAME, readPresets } from './presets.ts';

type PresetFieldsProps = {
  kind: string;
  /** What would be kept now. */
  settings: Record<string, unknown>;
  onChoose(settings: Record<string, unknown>): void;
};

/** Settings of before to choose from, and the present ones to keep under a name. */
export function PresetFields({ kind, settings, onChoose }: PresetFieldsProps) {
  const [presets, setPresets] = useState(() => readPresets(kind));
  const [chosen, setChosen] = useState('');
  const [name, setName] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const names = Object.keys(presets).sort((a, b) => a.localeCompare(b));
  const keep = () => {
    const called = (name ?? '').trim();
    const why = called === '' ? 'A name to find it by.' : keepPreset(kind, called, settings);
    setProblem(why);
    if (why !== null) return;
    setPresets(readPresets(kind));
    setChosen(called);
    setName(null);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    // It is a field of the form around it, which is not to be sent.
    event.preventDefault();
    if (event.key === 'Enter') keep();
    else setName(null);
  };
  return (
    <div className={classes.presets}>
      {names.length > 0 && (
        <NativeSelect
          label="Preset"
          value={chosen}
          onChange={(event) => {
            const wanted = event.currentTarget.value;
            setChosen(wanted);
            const found = presets[wanted];
            if (found !== undefined) onChoose(found);
          }}
          data={[{ value: '', label: 'None' }, ...names.map((one) => ({ value: one, label: one }))]}
        />
      )}
      {name !== null && (
        <TextInput
          label="Name of the preset"
          description="Kept in this browser only"
          inputWrapperOrder={['label', 'input', 'error', 'description']}
          autoFocus
          maxLength={LONGEST_NAME}
          value={name}
          error={problem}
          onKeyDown={onKey}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      )}
      <Group gap={8} className={classes.presetButtons ?? ''}>
        {name === null ? (
          <Button variant="default" onClick={() => setName(chosen)}>
            Keep as a preset
          </Button>
        ) : (
          <>
            <Button variant="default" onClick={keep}>
              Keep
            </Button>
            <Button variant="subtle" color="gray" onClick={() => setName(null)}>
              Leave it
            </Button>
          </>
        )}
        {name === null && chosen !== '' && (
          <Button
            variant="subtle"
            color="gray"
            onClick={() => {
              forgetPreset(kind, chosen);
              setPresets(readPresets(kind));
              setChosen('');
            }}
          >
            Forget it
          </Button>
        )}
      </Group>
    </div>
  );
}
