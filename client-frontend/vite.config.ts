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
    chunkSizeWarningLimit: 700,
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
