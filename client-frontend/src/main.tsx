import '@mantine/core/styles.css';
import './app/theme.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { z } from 'zod';
import { App } from './app/App.tsx';
import { fetchPages } from './app/pages.ts';
import { savesData, whenIdle } from './app/when-idle.ts';

// Parsers are not compiled with `new Function`, so that a strict content security policy holds.
z.config({ jitless: true });

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id "root".');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

window.addEventListener('load', () => {
  // The shell stands without the farm; where the page may not have one, it is as it was.
  if (import.meta.env.PROD) navigator.serviceWorker?.register('/sw.js').catch(() => undefined);
  if (!savesData()) setTimeout(() => whenIdle(fetchPages), 3_000);
});
