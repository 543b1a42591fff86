// `npm pack` runs this first: what goes into the tarball is built from the sources as they are.
import { build, checkMachine } from './setup.mjs';

checkMachine();
build();
