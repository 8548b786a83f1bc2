import { NativeSelect, NumberInput, SegmentedControl, Switch } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { ImageFormat, VideoFormat } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { useId } from 'react';
import classes from '../../components/Form.module.css';
import { DEPTHS, depthFor, type FormValues } from './form-values.ts';
import { enginesFor, FORMAT_NAMES, VIDEO_NAMES } from './names.ts';

/** How to render it, and what comes out. */
export function ImageFields({ form }: { form: UseFormReturnType<FormValues> }) {
  const { engine, format } = form.values;
  return (
    <>
      <div className={classes.group}>How to render it</div>
      <NativeSelect
        className={classes.half ?? ''}
        label="Engine"
        data={enginesFor(engine)}
        {...form.getInputProps('engine')}
      />
      <NumberInput
        className={classes.half ?? ''}
        label="Samples"
        allowDecimal={false}
        allowNegative={false}
        thousandSeparator=","
        disabled={engine === 'BLENDER_WORKBENCH'}
        {...form.getInputProps('samples')}
      />
      <DeviceField form={form} />
      {engine === 'CYCLES' && <DenoiseField form={form} />}
      <div className={classes.group}>What comes out</div>
      <NativeSelect
        className={classes.third ?? ''}
        label="Frames as"
        data={ImageFormat.options.map((value) => ({ value, label: FORMAT_NAMES[value] }))}
        value={format}
        onChange={(event) => {
          const chosen = ImageFormat.parse(event.currentTarget.value);
          form.setValues({ format: chosen, colorDepth: depthFor(chosen, form.values.colorDepth) });
        }}
      />
      <NativeSelect
        className={classes.third ?? ''}
        label="Colour depth"
        data={DEPTHS[format].map((value) => ({ value, label: `${value} bit` }))}
        disabled={DEPTHS[format].length === 1}
        {...form.getInputProps('colorDepth')}
      />
      <NumberInput
        className={classes.third ?? ''}
        label="Frames a second"
        decimalScale={3}
        allowNegative={false}
        {...form.getInputProps('fps')}
      />
      <NativeSelect
        className={classes.half ?? ''}
        label="Video"
        data={VideoFormat.options.map((value) => ({ value, label: VIDEO_NAMES[value] }))}
        {...form.getInputProps('video')}
      />
      <Switch
        className={classes.half ?? ''}
        label="Transparent background"
        description={format === 'JPEG' ? 'JPEG has no transparency.' : 'The sky is left out of the frames.'}
        disabled={format === 'JPEG'}
        {...form.getInputProps('transparent', { type: 'checkbox' })}
      />
    </>
  );
}

const DeviceField = ({ form }: { form: UseFormReturnType<FormValues> }) => (
  <ChoiceField
    label="Computed on"
    under="With a graphics card only workers that have one are asked."
    data={[
      { value: 'auto', label: 'As the file says' },
      { value: 'gpu', label: 'Graphics card' },
      { value: 'cpu', label: 'Processor' },
    ]}
    input={form.getInputProps('device')}
  />
);

const DenoiseField = ({ form }: { form: UseFormReturnType<FormValues> }) => (
  <ChoiceField
    label="Denoising"
    under="Auto does as the scene says, where some worker can denoise."
    data={[
      { value: 'auto', label: 'Auto' },
      { value: 'on', label: 'On' },
      { value: 'off', label: 'Off' },
    ]}
    input={form.getInputProps('denoise')}
  />
);

type Choice = { label: string; under: string; data: { value: string; label: string }[]; input: object };

function ChoiceField({ label, under, data, input }: Choice) {
  const id = useId();
  return (
    <div className={classes.whole}>
      <div id={id} className={classes.label}>
        {label}
      </div>
      <SegmentedControl aria-labelledby={id} fullWidth data={data} {...input} />
      <div className={classes.under}>{under}</div>
    </div>
  );
}
