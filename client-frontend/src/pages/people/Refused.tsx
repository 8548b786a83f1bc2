import classes from './Refused.module.css';
import { sentenceFor } from './sentence.ts';

/** Why something was refused, where no field is at fault; nothing where it was not. */
export function Refused({
  error,
  sentence = sentenceFor(error),
}: {
  error?: unknown;
  sentence?: string | undefined;
}) {
  return (
    sentence !== undefined && (
      <p className={classes.refused} role="alert">
        {sentence}
      </p>
    )
  );
}
