import { stripVTControlCharacters } from 'node:util';
import { MultiBar, type SingleBar } from 'cli-progress';
import type { Reporter } from './events.ts';
import { screenLines } from './screen-lines.ts';
import { afterEvent, openingScreen } from './screen-model.ts';
import { toldLines } from './told-lines.ts';

const REDRAW_MS = 100;

export type Terminal = NodeJS.WriteStream;

/** Bars that stay at the foot of a terminal while what is told scrolls above them. */
export function screenReporter(terminal: Terminal, colour: boolean): Reporter {
  let model = openingScreen(Date.now());
  const bars = openBars(terminal);
  const draw = () => {
    const look = {
      width: (terminal.columns || 80) - 1,
      colour,
      maxWorkers: Math.max(1, Math.min(16, (terminal.rows || 24) - 4)),
    };
    bars.show(screenLines(model, Date.now(), look));
  };
  const timer = setInterval(draw, REDRAW_MS);
  draw();
  return {
    report(event) {
      model = afterEvent(model, event, Date.now());
      for (const line of toldLines(event, false)) bars.print(line);
    },
    close() {
      clearInterval(timer);
      bars.close();
    },
  };
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
    show(lines: string[]) {
      while (bars.length > lines.length) multi.remove(bars.pop() as SingleBar);
      lines.forEach((line, index) => {
        const bar = bars[index];
        if (bar === undefined) bars.push(multi.create(1, 0, { line }));
        else bar.update(0, { line });
      });
    },
    print(text: string) {
      // A line above may be longer than the bar that stands there now.
      const clean = stripVTControlCharacters(text).split('\n');
      for (const line of clean) multi.log(`${line}\u001b[K\n`);
    },
    close() {
      multi.update();
      multi.stop();
    },
  };
}
