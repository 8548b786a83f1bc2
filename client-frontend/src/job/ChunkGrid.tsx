import { useElementSize } from '@mantine/hooks';
import type { ChunkStates } from '@parallel-pilot/shared/api/chunks.ts';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type MouseEvent, useEffect, useRef, useState } from 'react';
import { plural } from '../components/format.ts';
import type { ChunkNames } from './chunk-names.ts';
import classes from './Grid.module.css';
import { GridRow } from './GridRow.tsx';
import { gridLayout, isGridKey, moveInGrid } from './grid-layout.ts';
import { Overview } from './Overview.tsx';

type ChunkGridProps = {
  states: ChunkStates;
  names: ChunkNames;
  opened: number | null;
  onOpen(ordinal: number): void;
};

/**
 * Every chunk as a cell. Only rows near the view are in the document, and a
 * row is drawn again only when the letters of its own cells changed, so that
 * 100,000 cells cost no more than those one sees.
 */
export function ChunkGrid({ states, names, opened, onOpen }: ChunkGridProps) {
  const { ref: measured, width } = useElementSize<HTMLDivElement>();
  return (
    <div ref={measured} className={classes.measure}>
      {width > 0 && <Cells states={states} names={names} width={width} opened={opened} onOpen={onOpen} />}
    </div>
  );
}

/** The place where work goes on; the beginning where all is done or nothing has begun. */
const workAt = (letters: string): number => Math.max(0, letters.search(/[rlq]/));

function Cells({ states, names, width, opened, onOpen }: ChunkGridProps & { width: number }) {
  const count = states.states.length;
  const layout = gridLayout(count, width);
  const { columns, rows, cell, gap } = layout;
  const box = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(() => opened ?? workAt(states.states));
  const virtual = useVirtualizer({
    count: rows,
    getScrollElement: () => box.current,
    estimateSize: () => cell + gap,
    overscan: 6,
    initialOffset: () => Math.max(0, Math.floor(active / columns) - 4) * (cell + gap),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows are measured again when cells change their size
  useEffect(() => virtual.measure(), [cell]);

  const focusOn = (ordinal: number) => {
    setActive(ordinal);
    virtual.scrollToIndex(Math.floor(ordinal / columns));
    // The row may only now come into the document.
    requestAnimationFrame(() =>
      box.current?.querySelector<HTMLElement>(`[data-ordinal="${ordinal}"]`)?.focus({ preventScroll: true }),
    );
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isGridKey(event.key)) return;
    event.preventDefault();
    focusOn(moveInGrid(event.key, active, count, columns));
  };
  const onClick = (event: MouseEvent) => {
    const target = (event.target as HTMLElement).closest<HTMLElement>('[data-ordinal]');
    if (target === null) return;
    const ordinal = Number(target.dataset.ordinal);
    setActive(ordinal);
    onOpen(ordinal);
  };
  const shown = virtual.range;
  const long = virtual.getTotalSize() > 400;
  return (
    <>
      {long && shown !== null && (
        <Overview
          letters={states.states}
          width={width}
          from={shown.startIndex / rows}
          to={(shown.endIndex + 1) / rows}
          onJump={(fraction) => virtual.scrollToIndex(Math.floor(fraction * rows), { align: 'center' })}
        />
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: a table of 100,000 cells cannot be in the document */}
      <div
        ref={box}
        className={classes.box}
        role="group"
        aria-label={`${plural(count, names.one)}. Arrow keys move, Enter opens.`}
        onKeyDown={onKeyDown}
        onClick={onClick}
        onFocus={(event) => {
          const ordinal = event.target.dataset.ordinal;
          if (ordinal !== undefined) setActive(Number(ordinal));
        }}
      >
        <div className={classes.inner} style={{ height: Math.max(0, virtual.getTotalSize() - gap) }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const first = index * columns;
            const inRow = (ordinal: number | null) =>
              ordinal !== null && ordinal >= first && ordinal < first + columns ? ordinal : -1;
            return (
              <GridRow
                key={index}
                first={first}
                letters={states.states.slice(first, first + columns)}
                names={names}
                top={start}
                cell={cell}
                gap={gap}
                numbered={layout.numbered}
                active={inRow(Math.min(active, count - 1))}
                opened={inRow(opened)}
              />
            );
          })}
        </div>
      </div>
    </>
  );
}
