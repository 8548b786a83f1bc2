import { NativeSelect, NumberInput, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { parseFrames } from '@parallel-pilot/shared/kinds/blender/frames.ts';
import type { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import classes from '../../components/Form.module.css';
import { plural } from '../../components/format.ts';
import { type FormValues, renderedPixels, sceneOf } from './form-values.ts';

type FileFieldsProps = {
  form: UseFormReturnType<FormValues>;
  probe: BlenderProbe;
  onScene(name: string): void;
};

/** What to render: scene, camera, frames, size. */
export function FileFields({ form, probe, onScene }: FileFieldsProps) {
  const { cameras } = sceneOf(probe, form.values.scene);
  const { width, height } = renderedPixels(form.values);
  const { resolutionX, resolutionY, percentage } = form.values;
  // An emptied field holds an empty string.
  const whole = [resolutionX, resolutionY, percentage].every(
    (value) => typeof value === 'number' && value > 0,
  );
  const frames = parseFrames(form.values.frames);
  return (
    <>
      <div className={classes.group}>What to render</div>
      <NativeSelect
        className={classes.half ?? ''}
        label="Scene"
        data={probe.scenes.map((scene) => scene.name)}
        value={form.values.scene}
        onChange={(event) => onScene(event.currentTarget.value)}
      />
      <NativeSelect
        className={classes.half ?? ''}
        label="Camera"
        data={cameras.length === 0 ? [{ value: '', label: 'none' }] : cameras}
        {...form.getInputProps('camera')}
      />
      <TextInput
        className={classes.whole ?? ''}
        label="Frames"
        description={`Like 1-10,20,30-40x2${frames.ok ? `. This makes ${plural(frames.frames.length, 'frame')}.` : '.'}`}
        spellCheck={false}
        {...form.getInputProps('frames')}
      />
      <NumberInput
        className={classes.third ?? ''}
        label="Width"
        suffix=" px"
        allowDecimal={false}
        allowNegative={false}
        {...form.getInputProps('resolutionX')}
      />
      <NumberInput
        className={classes.third ?? ''}
        label="Height"
        suffix=" px"
        allowDecimal={false}
        allowNegative={false}
        {...form.getInputProps('resolutionY')}
      />
      <NumberInput
        className={classes.third ?? ''}
        label="Scale"
        suffix=" %"
        step={5}
        allowDecimal={false}
        allowNegative={false}
        description={whole ? `gives ${width} × ${height}` : undefined}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        {...form.getInputProps('percentage')}
      />
    </>
  );
}
