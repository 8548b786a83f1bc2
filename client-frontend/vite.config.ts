import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const farm = 'http://127.0.0.1:3000';

/** A file beside each script and style, compressed as hard as it goes, which the backend sends as it is. */
const precompressed = (): Plugin => ({
  name: 'precompressed',
  apply: 'build',
  async writeBundle({ dir = 'dist' }) {
    for (const name of await readdir(join(dir, 'assets'))) {
      if (!/\.(js|css)$/.test(name)) continue;
      const file = join(dir, 'assets', name);
      await writeFile(`${file}.br`, brotliCompressSync(await readFile(file)));
    }
  },
});

const SAMPLES = ['sample/orbit.blend', 'training/digits_mlp.py', 'training/digits.npz'];

/** The examples of the project that the site offers to try. */
const samples = (): Plugin => ({
  name: 'samples',
  apply: 'build',
  async writeBundle({ dir = 'dist' }) {
    await mkdir(join(dir, 'samples'), { recursive: true });
    for (const path of SAMPLES)
      await copyFile(new URL(`../examples/${path}`, import.meta.url), join(dir, 'samples', basename(path)));
  },
});

export default defineConfig({
  plugins: [react(), precompressed(), samples()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // A browser that knows no preloading fetches modules when it comes to them.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // What every page needs and new versions of the site leave alone, and beside it the small parts of the site
        // and of Mantine that the first page needs: each file costs a round trip and its headers. Most of Mantine is
        // needed by one page only, and goes with that.
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|react-router|scheduler)[\\/]/ },
            {
              name: 'data',
              test: /node_modules[\\/](zod|@tanstack[\\/]query-core|@tanstack[\\/](react-query|virtual-core|react-virtual)|@?socket\.io.*|engine\.io-.*)[\\/]/,
            },
            {
              name: 'first',
              test: (id: string) =>
                /@mantine[\\/](core[\\/]esm[\\/](core|components[\\/](ActionIcon|Box|Button|CloseButton|Input|InputBase|InputClearButton|Loader|NativeSelect|Portal|Skeleton|TextInput|Transition|UnstyledButton))|hooks(?!.*use-(?:drag|long-press|focus-trap)[\\/]))[\\/]/.test(
                  id,
                ) ||
                // What people, their machines and limits and the parts of a job take comes with their pages.
                /[\\/]shared[\\/]src[\\/](access[\\/](?!sign-in|password|permission-words)|api[\\/](?!create-job|pipelines|templates|farm-settings|notifications|accounts|people|machines|limits|chunks|job-outlook|load)|model[\\/](?!pipeline|parameters|with-parameters|settings|notice|escalation|wait-reason|placement-words|end-words|end-outlook|quarter|week-clock|lending|hours|typed-counts)|protocol[\\/](?!workers|control|refusals))/.test(
                  id,
                ) ||
                (/[\\/]client-frontend[\\/]src[\\/](api|live|components)[\\/].*\.tsx?$/.test(id) &&
                  !/[\\/](upload|notifications|source-of|get-submission|job-parts|job-queries|Copy|LineChart|chart-options|align-lines|local-mean|Ask|Steps|Facts|Panel|draft|copy-text|MomentInput|number-at|upload-trouble|PresetFields|presets)\.tsx?$/.test(
                    id,
                  )),
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
