import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const farm = 'http://127.0.0.1:3000';

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // What every page needs and new versions of the site leave alone. Mantine is not among it: most of its
        // parts are needed by one page only, and go with that.
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|react-router|scheduler)[\\/]/ },
            {
              name: 'data',
              test: /node_modules[\\/](zod|@tanstack[\\/]query-core|@tanstack[\\/]react-query|@?socket\.io.*|engine\.io-.*)[\\/]/,
            },
          ],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': farm,
      '/healthz': farm,
      '/readyz': farm,
      '/socket.io': { target: farm, ws: true },
    },
  },
});
