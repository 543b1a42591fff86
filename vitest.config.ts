import { defineConfig } from 'vitest/config';

// Sources are tested without a build through the `x-source` export condition. Pool `forks`: a ZeroMQ
// socket left open in a worker thread aborts the whole process. No `module` condition: the AWS SDK keeps files for bundlers
// there that Node cannot load.
export default defineConfig({
  resolve: { conditions: ['x-source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['x-source', 'node', 'import', 'default'] } },
  test: {
    pool: 'forks',
    include: ['packages/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 60_000,
    reporters: ['default', './test/closing-line.ts'],
  },
});
