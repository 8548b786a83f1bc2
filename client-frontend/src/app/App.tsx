import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { RouterProvider } from 'react-router/dom';
import { useFetched } from '../components/use-fetched.ts';
import { onToast } from './notify.ts';
import { createQueries } from './query-client.ts';
import { router } from './router.tsx';
import { theme, themeVariables } from './theme.ts';

const queries = createQueries();

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={themeVariables} defaultColorScheme="auto">
      <LateToasts />
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}

const toasts = async () => (await import('./Toasts.tsx')).Toasts;

/** With the first message: most visits have none. */
function LateToasts() {
  const [wanted, setWanted] = useState(false);
  useEffect(() => onToast(() => setWanted(true)), []);
  const Toasts = useFetched(toasts, wanted);
  return Toasts !== null && <Toasts />;
}
