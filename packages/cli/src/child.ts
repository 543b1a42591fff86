/** Entry of the processes that a fleet supervises: the same command line as `muster`. */
import { main } from './main.ts';

process.title = `muster ${process.argv.slice(2, 4).join(' ')}`;
await main(process.argv.slice(2));
