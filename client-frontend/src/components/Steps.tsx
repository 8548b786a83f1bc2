import classes from './Steps.module.css';

/** Where a new job stands on its way. */
export function Steps({ steps, present }: { steps: readonly string[]; present: number }) {
  return (
    <ol className={classes.steps} aria-label="Steps of a new job">
      {steps.map((step, index) => (
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
