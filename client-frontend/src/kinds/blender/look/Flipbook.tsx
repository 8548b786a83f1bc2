import { ActionIcon, NativeSelect } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { formatCount } from '../../../components/format.ts';
import { previewUrl, thumbnailUrl } from '../frame-urls.ts';
import { renderOf } from '../render-job.ts';
import { type DoneFrame, placeOf } from './done-frames.ts';
import { type FramePictures, keepPictures } from './frame-pictures.ts';
import classes from './Look.module.css';

/** So many frames are fetched before their turn. */
const AHEAD = 12;
const RATES = [1, 6, 12, 24, 25, 30, 60];

type FlipbookProps = { job: JobDetail; done: DoneFrame[]; at: number | null };

/** Plays what is finished, before there is a video: small pictures while it runs, the frame itself where it stands. */
export function Flipbook({ job, done, at }: FlipbookProps) {
  const [playing, setPlaying] = useState(() => at === null && !isStill());
  const [frame, setFrame] = useState(at ?? done[0]?.frame ?? 0);
  const own = useMemo(() => sceneRate(job), [job]);
  const [rate, setRate] = useState(own);
  const pictures = usePictures(job.id);
  const canvas = useRef<HTMLCanvasElement>(null);
  const place = placeOf(done, frame);
  const shown = done[place]?.frame ?? frame;

  useEffect(() => {
    let gone = false;
    void pictures?.get(shown).then((picture) => {
      if (!gone && picture !== null) draw(canvas.current, picture);
    });
    return () => {
      gone = true;
    };
  }, [pictures, shown]);
  usePlay({ playing, rate, pictures, done, place, onFrame: setFrame });

  const goTo = (to: number) => {
    setPlaying(false);
    setFrame(done[Math.max(0, Math.min(done.length - 1, to))]?.frame ?? frame);
  };
  const toggle = () => setPlaying((now) => !now);
  // On a button the space bar presses that button.
  useHotkeys([['space', toggle]], ['INPUT', 'TEXTAREA', 'SELECT', 'BUTTON']);
  useHotkeys([
    ['ArrowLeft', () => goTo(place - 1)],
    ['ArrowRight', () => goTo(place + 1)],
    ['Home', () => goTo(0)],
    ['End', () => goTo(done.length - 1)],
  ]);
  return (
    <>
      <div className={classes.screen}>
        <canvas ref={canvas} aria-hidden />
        {!playing && <Standing src={previewUrl(job.id, shown)} alt={`Frame ${shown} as it was rendered`} />}
        <span className={classes.caption}>Frame {shown}</span>
      </div>
      <div className={classes.controls}>
        <ActionIcon
          size="xl"
          variant="default"
          aria-label={playing ? 'Pause' : 'Play'}
          data-autofocus
          onClick={toggle}
        >
          {playing ? <IconPlayerPause size={20} /> : <IconPlayerPlay size={20} />}
        </ActionIcon>
        <input
          type="range"
          className={classes.scrub}
          aria-label="Frame"
          aria-valuetext={`Frame ${shown}`}
          min={0}
          max={done.length - 1}
          value={place}
          onChange={(event) => goTo(Number(event.currentTarget.value))}
          onKeyDown={(event) => {
            if (event.key === ' ') toggle();
          }}
        />
        <span className={classes.place}>
          {formatCount(place + 1)} of {formatCount(done.length)}
        </span>
        <NativeSelect
          size="xs"
          aria-label="Frames in a second"
          value={rate}
          onChange={(event) => setRate(Number(event.currentTarget.value))}
          data={[...new Set([own, ...RATES])]
            .sort((a, b) => a - b)
            .map((value) => ({ value: String(value), label: `${value} fps` }))}
        />
      </div>
    </>
  );
}

type Play = {
  playing: boolean;
  rate: number;
  pictures: FramePictures<ImageBitmap> | null;
  done: DoneFrame[];
  place: number;
  onFrame(frame: number): void;
};

/** One frame after the other; where the next one is not here yet the present one stands. */
function usePlay({ playing, rate, pictures, done, place, onFrame }: Play): void {
  const turn = useRef(0);
  useEffect(() => {
    if (!playing || pictures === null || done.length < 2) return;
    const next = done[(place + 1) % done.length]?.frame ?? 0;
    for (let ahead = 1; ahead <= Math.min(AHEAD, done.length - 1); ahead += 1) {
      const coming = done[(place + ahead) % done.length];
      if (coming !== undefined) void pictures.get(coming.frame);
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const now = performance.now();
    // What was lost while one frame was waited for is not made up for by haste.
    turn.current = Math.max(turn.current + 1_000 / rate, now - 1_000 / rate);
    void pictures.get(next).then(() => {
      if (!gone) timer = setTimeout(() => onFrame(next), Math.max(0, turn.current - performance.now()));
    });
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [playing, rate, pictures, done, place, onFrame]);
}

function usePictures(job: string): FramePictures<ImageBitmap> | null {
  const [pictures, setPictures] = useState<FramePictures<ImageBitmap> | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    const kept = keepPictures(async (frame) => {
      const answer = await fetch(thumbnailUrl(job, frame), { signal: leaving.signal });
      if (!answer.ok) throw new Error(`no picture of frame ${frame}`);
      return createImageBitmap(await answer.blob());
    });
    setPictures(kept);
    return () => {
      leaving.abort();
      kept.close();
    };
  }, [job]);
  return pictures;
}

function draw(canvas: HTMLCanvasElement | null, picture: ImageBitmap): void {
  if (canvas === null) return;
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width;
    canvas.height = picture.height;
  }
  const context = canvas.getContext('2d');
  context?.clearRect(0, 0, picture.width, picture.height);
  context?.drawImage(picture, 0, 0);
}

/** The frame itself is fetched once one stays at it. */
const STAYS_MS = 250;

function Standing({ src, alt }: { src: string; alt: string }) {
  const [stood, setStood] = useState<string | null>(null);
  const [there, setThere] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setStood(src), STAYS_MS);
    return () => clearTimeout(timer);
  }, [src]);
  return (
    stood === src && (
      <img src={src} alt={alt} style={{ opacity: there === src ? 1 : 0 }} onLoad={() => setThere(src)} />
    )
  );
}

/** Who wants nothing to move begins it. */
const isStill = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

function sceneRate(job: JobDetail): number {
  const settings = RenderSettings.safeParse(renderOf(job).settings);
  return settings.success ? Math.max(1, Math.round(settings.data.fps)) : 24;
}
