/** Which release this is. */
import { readFileSync } from 'node:fs';

/** As in the manifest of the package; 'unknown' where there is none. */
export const version = (): string => {
  // dist/cli/version.js in the published package, packages/cli/dist/version.js in a clone.
  for (const path of ['../../package.json', '../package.json']) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
      if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
        return String(manifest.version);
    } catch {
      continue; // the other layout
    }
  }
  return 'unknown';
};
