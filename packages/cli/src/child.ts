/** Entry of the processes that a fleet supervises: the same command line as `muster`. */
import { main } from './main.ts';

await main(process.argv.slice(2));
