// `npm start [-- FOLDER]`: the main job. Installs and builds where needed, then finds the edges in a folder of photographs on a
// fleet of local processes that starts empty and ends empty.
import { join } from 'node:path';
import { root, run, setUp } from './setup.mjs';

setUp();
run(process.execPath, [
  join(root, 'packages', 'client', 'examples', 'dist', 'edges', 'main.js'),
  ...process.argv.slice(2),
]);
