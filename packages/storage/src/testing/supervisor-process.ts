/** A supervisor as a process, to be killed. Prints each state as a JSON line. For tests. */
import { superviseObjectStore, type SuperviseOptions } from '../supervisor.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as Omit<SuperviseOptions, 'onState'>;
const supervisor = superviseObjectStore({
  ...options,
  onState: (state) => {
    process.stdout.write(`${JSON.stringify({ ...state, pid: supervisor.pid })}\n`);
  },
});
await supervisor.ready();
