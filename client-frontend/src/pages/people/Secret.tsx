import { Copy } from '../../components/Copy.tsx';
import classes from './People.module.css';

/** What is shown this once: a key, a link, a token. */
export function Secret({ text, value }: { text: string; value: string }) {
  return (
    <div className={classes.made} role="status">
      <p>{text}</p>
      <div className={classes.secret}>
        <code>{value}</code>
        <Copy text={value} />
      </div>
    </div>
  );
}
