// `npm run sim -- [--seeds N | --seed N] [--from N] [--json]`: the simulated fleet, from the sources as they are.
import { bundleSimulation } from '../../test/sim/bundle.mjs';
import { checkMachine, install, run } from './setup.mjs';

checkMachine();
install();
const entry = await bundleSimulation();
run(process.execPath, ['--enable-source-maps', entry, ...process.argv.slice(2)]);
