import classes from './Steps.module.css';

const STEPS = ['Send the file', 'Look inside', 'Choose settings', 'Render'] as const;

/** Where a new job stands on its way. */
export function Steps({ present }: { present: number }) {
  return (
    <ol className={classes.steps} aria-label="Steps of a new job">
      {STEPS.map((step, index) => (
        <li
          key={step}
          className={classes.step}
          data-past={index < present || undefined}
          aria-current={index === present ? 'step' : undefined}
        >
          <span className={classes.lane} aria-hidden />
          <span className={classes.text}>{step}</span>
        </li>
      ))}
    </ol>
  );
}
