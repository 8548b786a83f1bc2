import type { TemplateView } from '@parallel-pilot/shared/api/templates.ts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { plural } from '../../components/format.ts';
import classes from './Pipelines.module.css';
import { templatesQuery } from './template-queries.ts';

/** Pipelines that are kept to be run again; nothing where there are none. */
export function Templates() {
  const { data: templates = [] } = useQuery(templatesQuery());
  if (templates.length === 0) return null;
  return (
    <section className={classes.templates} aria-labelledby="templates">
      <h2 id="templates">Templates</h2>
      <ul>
        {templates.map((template) => (
          <li key={template.id}>
            <Link to={`/templates/${template.id}`}>
              <strong>{template.name}</strong>
              <small>{aboutOf(template)}</small>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function aboutOf({ total, parameters }: TemplateView): string {
  const names = Object.keys(parameters);
  return `${plural(total, 'job')}${names.length === 0 ? '' : ` · ${names.join(', ')}`}`;
}
