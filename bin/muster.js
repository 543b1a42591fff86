#!/usr/bin/env node
// Plain JavaScript without dependencies, so that an old Node or a missing build gets one clear sentence
// instead of a syntax error or a stack trace.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const refuse = (sentence) => {
  process.stderr.write(`muster: ${sentence}\n`);
  process.exit(1);
};

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  refuse(
    `needs Node 20.19 or newer, but this is Node ${process.versions.node}; install a newer one and try again.`,
  );
}
if (process.platform !== 'linux' && process.platform !== 'darwin') {
  refuse(`runs on Linux and macOS, not on ${process.platform}; on Windows, use it inside WSL.`);
}

const candidates = ['../dist/cli/main.js', '../packages/cli/dist/main.js'].map(
  (path) => new URL(path, import.meta.url),
);
const entry = candidates.find((url) => existsSync(fileURLToPath(url)));
if (entry === undefined) refuse('is not built yet; run `npm run build` in the clone first.');

// No top-level await: an old Node would stop at the word before it could say anything.
import(entry.href).then(({ main }) => main(process.argv.slice(2)));
