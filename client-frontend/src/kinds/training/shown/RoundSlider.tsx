import { formatCount } from '../../../components/format.ts';
import classes from './Shown.module.css';

type RoundSliderProps = { rounds: readonly number[]; round: number; onChange(round: number): void };

/** Chooses one of the rounds that show something, which need not be all. */
export function RoundSlider({ rounds, round, onChange }: RoundSliderProps) {
  const place = rounds.findLastIndex((one) => one <= round);
  return (
    <label className={classes.slider}>
      <span>Round {formatCount(round)}</span>
      <input
        type="range"
        min={0}
        max={rounds.length - 1}
        value={Math.max(0, place)}
        aria-label="Round that is shown"
        aria-valuetext={`Round ${round}`}
        onChange={(event) => onChange(rounds[Number(event.currentTarget.value)] ?? round)}
      />
      <span>of {formatCount(rounds.at(-1) ?? round)}</span>
    </label>
  );
}
