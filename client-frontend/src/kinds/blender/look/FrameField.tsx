import { NumberInput } from '@mantine/core';
import { type DoneFrame, placeOf } from './done-frames.ts';

type FrameFieldProps = {
  label: string;
  done: DoneFrame[];
  value: number;
  onChange(frame: number): void;
};

/** A number of a frame that is done: the nearest one after what was typed, the next one by the arrow keys. */
export function FrameField({ label, done, value, onChange }: FrameFieldProps) {
  const place = placeOf(done, value);
  const goTo = (to: number) => onChange(done[Math.max(0, Math.min(done.length - 1, to))]?.frame ?? value);
  return (
    <NumberInput
      label={label}
      w={96}
      hideControls
      allowDecimal={false}
      value={value}
      min={done[0]?.frame ?? 0}
      max={done.at(-1)?.frame ?? 0}
      onKeyDown={(event) => {
        if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
        event.preventDefault();
        goTo(place + (event.key === 'ArrowUp' ? 1 : -1));
      }}
      onBlur={(event) => {
        const typed = Number(event.currentTarget.value);
        if (Number.isInteger(typed)) goTo(placeOf(done, typed));
      }}
      onChange={(typed) => {
        const exact = done[placeOf(done, Number(typed))];
        if (exact?.frame === typed) onChange(exact.frame);
      }}
    />
  );
}
