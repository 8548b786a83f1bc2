import { Link } from 'react-router';
import { Panel } from '../../components/Panel.tsx';
import classes from '../people/People.module.css';

/** They have a page of their own, which farms without accounts have too. */
export function Notifications() {
  return (
    <Panel title="Notifications">
      <p className={classes.empty}>
        <Link to="/notifications">How you are told of your jobs</Link>: in browsers, by e-mail, by webhooks.
      </p>
    </Panel>
  );
}
