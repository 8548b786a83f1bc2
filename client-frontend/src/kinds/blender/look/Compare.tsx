import { Button, Group, NativeSelect, SegmentedControl } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { type PointerEvent, useRef, useState } from 'react';
import { previewUrl } from '../frame-urls.ts';
import { type DoneFrame, placeOf } from './done-frames.ts';
import { FrameField } from './FrameField.tsx';
import classes from './Look.module.css';

const ZOOMS = ['fit', '1', '2', '4', '8'] as const;
type Zoom = (typeof ZOOMS)[number];

type CompareProps = { job: JobDetail; done: DoneFrame[]; at: number | null };

/** One frame close up, or two, the second laid over the first as far as one likes. */
export function Compare({ job, done, at }: CompareProps) {
  const place = placeOf(done, at ?? done[0]?.frame ?? 0);
  const [a, setA] = useState(done[place]?.frame ?? 0);
  const [b, setB] = useState(done[at === null ? done.length - 1 : Math.max(0, place - 1)]?.frame ?? 0);
  const [share, setShare] = useState(done.length > 1 ? 50 : 100);
  const [zoom, setZoom] = useState<Zoom>('fit');
  const step = (by: number) =>
    setZoom(ZOOMS[Math.max(0, Math.min(ZOOMS.length - 1, ZOOMS.indexOf(zoom) + by))] ?? 'fit');
  const swap = () => {
    setA(b);
    setB(a);
  };
  useHotkeys([
    ['+', () => step(1)],
    ['=', () => step(1)],
    ['-', () => step(-1)],
    ['0', () => setZoom('fit')],
    ['x', swap],
  ]);
  const two = done.length > 1;
  return (
    <>
      <Pictures job={job.id} a={a} b={two ? b : a} share={share} zoom={zoom} />
      {two && (
        <input
          type="range"
          className={classes.scrub}
          aria-label={`How much of frame ${a} is seen, the rest is frame ${b}`}
          aria-valuetext={`${share} %`}
          min={0}
          max={100}
          value={share}
          onChange={(event) => setShare(Number(event.currentTarget.value))}
        />
      )}
      <div className={classes.controls}>
        <Group gap={8} align="end">
          <FrameField label={two ? 'Left' : 'Frame'} done={done} value={a} onChange={setA} />
          {two && (
            <>
              <Button variant="default" title="Key X" onClick={swap}>
                Swap
              </Button>
              <FrameField label="Right" done={done} value={b} onChange={setB} />
            </>
          )}
        </Group>
        <SegmentedControl
          className={classes.wide ?? ''}
          aria-label="Size"
          value={zoom}
          onChange={(value) => setZoom(ZOOMS.find((one) => one === value) ?? 'fit')}
          data={ZOOMS.map((value) => ({ value, label: labelOf(value) }))}
        />
        <NativeSelect
          className={classes.narrow ?? ''}
          label="Size"
          value={zoom}
          onChange={(event) => setZoom(ZOOMS.find((one) => one === event.currentTarget.value) ?? 'fit')}
          data={ZOOMS.map((value) => ({ value, label: labelOf(value) }))}
        />
      </div>
    </>
  );
}

const labelOf = (zoom: Zoom): string => (zoom === 'fit' ? 'Fit' : `${Number(zoom) * 100} %`);

type PicturesProps = { job: string; a: number; b: number; share: number; zoom: Zoom };

function Pictures({ job, a, b, share, zoom }: PicturesProps) {
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const pan = usePan();
  const times = zoom === 'fit' ? null : Number(zoom);
  const style =
    size === null || times === null
      ? { width: '100%', aspectRatio: size === null ? '16 / 9' : `${size.width} / ${size.height}` }
      : // Pixels of the picture are pixels of the screen, however fine that is.
        {
          width: (size.width * times) / window.devicePixelRatio,
          height: (size.height * times) / window.devicePixelRatio,
        };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
    <section className={classes.table} aria-label="The frames close up" tabIndex={0} {...pan}>
      <div
        className={classes.layers}
        style={style}
        data-fit={times === null || undefined}
        data-pixels={(times ?? 0) > 1 || undefined}
      >
        <img
          src={previewUrl(job, a)}
          alt={`Frame ${a}`}
          draggable={false}
          onLoad={({ currentTarget }) =>
            setSize({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight })
          }
        />
        {a !== b && (
          <img
            src={previewUrl(job, b)}
            alt={`Frame ${b}`}
            draggable={false}
            style={{ clipPath: `inset(0 0 0 ${share}%)` }}
          />
        )}
        {a !== b && <i className={classes.seam} style={{ left: `${share}%` }} aria-hidden />}
      </div>
    </section>
  );
}

/** Dragging moves what is larger than its place. */
function usePan() {
  const from = useRef<{ x: number; y: number } | null>(null);
  return {
    onPointerDown(event: PointerEvent<HTMLElement>) {
      // Fingers scroll by themselves.
      if (event.pointerType !== 'mouse' || event.button !== 0) return;
      from.current = { x: event.clientX, y: event.clientY };
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      if (from.current === null) return;
      event.currentTarget.scrollBy(from.current.x - event.clientX, from.current.y - event.clientY);
      from.current = { x: event.clientX, y: event.clientY };
    },
    onPointerUp() {
      from.current = null;
    },
  };
}
