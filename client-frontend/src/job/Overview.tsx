import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import classes from './Grid.module.css';
import { overviewColumns } from './overview-columns.ts';

type OverviewProps = {
  letters: string;
  width: number;
  /** The shown part, 0..1. */
  from: number;
  to: number;
  onJump(fraction: number): void;
};

const HEIGHT = 16;

/** The whole job on one line, for a grid too long to be seen at once. Clicking goes there. */
export function Overview({ letters, width, from, to, onJump }: OverviewProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours it reads change with the scheme
  useEffect(() => {
    if (canvas.current !== null) draw(canvas.current, letters, Math.round(width));
  }, [letters, width, scheme]);
  return (
    <div className={classes.overview}>
      <canvas
        ref={canvas}
        aria-hidden
        style={{ width, height: HEIGHT }}
        onPointerDown={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          onJump((event.clientX - box.left) / box.width);
        }}
      />
      <div
        className={classes.window}
        style={{ left: from * width, width: Math.max(4, (to - from) * width) }}
      />
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, letters: string, width: number): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  canvas.width = width;
  canvas.height = HEIGHT;
  const style = getComputedStyle(canvas);
  const colors = new Map(
    Object.entries(NAMES).map(([letter, name]) => [letter, style.getPropertyValue(`--state-${name}`)]),
  );
  for (const [x, letter] of overviewColumns(letters, width).entries()) {
    context.fillStyle = colors.get(letter) ?? '';
    context.fillRect(x, 0, 1, HEIGHT);
  }
}

const NAMES = { q: 'queued', l: 'leased', r: 'running', d: 'done', f: 'failed', c: 'canceled' };
