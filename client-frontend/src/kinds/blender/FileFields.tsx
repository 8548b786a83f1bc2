import { NativeSelect, NumberInput, Switch, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { parseFrames } from '@parallel-pilot/shared/kinds/blender/frames.ts';
import type { BlenderProbe, ProbedScene } from '@parallel-pilot/shared/kinds/blender/probe.ts';
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
  const scene = sceneOf(probe, form.values.scene);
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
        data={[{ value: '', label: ownCamera(scene) }, ...scene.cameras]}
        {...form.getInputProps('camera')}
        value={form.values.camera ?? ''}
        onChange={(event) => form.setFieldValue('camera', event.currentTarget.value || null)}
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
      {scene.simulations.length > 0 && (
        <Switch
          className={classes.whole ?? ''}
          label="Play the simulations from the first frame"
          description="They are not baked: rendered each by itself, their frames do not follow from one another."
          {...form.getInputProps('simulate', { type: 'checkbox' })}
        />
      )}
    </>
  );
}

/** What no choice means: markers of the scene may switch cameras. */
const ownCamera = ({ camera, cameras, sequencer }: ProbedScene): string =>
  camera === null && cameras.length === 0 && !sequencer ? 'none' : 'As the scene says';
