import { stripVTControlCharacters, styleText } from 'node:util';
import { MultiBar, type SingleBar } from 'cli-progress';
import { wrap } from '../text/columns.ts';
import { eventLines, speakers } from './event-lines.ts';
import type { Reporter, RunEvent } from './events.ts';
import type { Presenter } from './presenter.ts';
import { screenLines } from './screen-lines.ts';
import { afterEvent, openingScreen } from './screen-model.ts';

const REDRAW_MS = 100;

export type Terminal = NodeJS.WriteStream;

/** Bars that stay at the foot of a terminal while the lines of events scroll above them. */
export function screenReporter(terminal: Terminal, presenter: Presenter, colour: boolean): Reporter {
  let model = openingScreen(Date.now());
  const bars = openBars(terminal);
  const speakerOf = speakers();
  const draw = () => {
    const look = {
      width: (terminal.columns || 80) - 1,
      colour,
      rows: Math.max(1, Math.min(16, (terminal.rows || 24) - 4)),
    };
    bars.show(screenLines(model, presenter, Date.now(), look));
  };
  const timer = setInterval(draw, REDRAW_MS);
  draw();
  return {
    report(event) {
      model = afterEvent(model, event, Date.now());
      const style = colour ? styleOf(event, presenter) : null;
      const width = (terminal.columns || 80) - 1;
      const speaker = speakerOf(event);
      const lines = eventLines(event, false, presenter).flatMap((line) =>
        wrap(stripVTControlCharacters(`${speaker}${line}`), width),
      );
      for (const line of lines)
        bars.print(style === null ? line : styleText(style, line, { validateStream: false }));
    },
    close() {
      clearInterval(timer);
      bars.close();
    },
  };
}

function styleOf(event: RunEvent, presenter: Presenter): 'yellow' | 'red' | 'green' | null {
  if (event.event === 'farm.incident') return 'yellow';
  if (event.event !== 'job.note') return presenter.colour(event);
  return event.level === 'error' ? 'red' : event.level === 'warning' ? 'yellow' : null;
}

/** cli-progress draws and keeps the cursor; each of its bars is one line that was made elsewhere. */
function openBars(terminal: Terminal) {
  const multi = new MultiBar({
    stream: terminal,
    format: (_options, _params, payload: { line: string }) => payload.line,
    clearOnComplete: true,
    hideCursor: true,
    linewrap: false,
    forceRedraw: true,
    // Signals are the command's own business.
    gracefulExit: false,
    fps: 1_000 / REDRAW_MS,
  });
  const bars: SingleBar[] = [];
  return {
    show(text: string[]) {
      const lines = ['', ...text];
      while (bars.length > lines.length) multi.remove(bars.pop() as SingleBar);
      lines.forEach((line, index) => {
        const bar = bars[index];
        if (bar === undefined) bars.push(multi.create(1, 0, { line }));
        else bar.update(0, { line });
      });
    },
    print(line: string) {
      // It is written over a bar, which may be longer.
      multi.log(`${line}\u001b[K\n`);
    },
    close() {
      multi.update();
      multi.stop();
    },
  };
}
