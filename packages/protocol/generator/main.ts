/**
 * A plugin of the `capnp` compiler: reads a CodeGeneratorRequest from standard input and writes one module
 * per requested file into the folder named by the first argument (by default the current one, as the
 * compiler expects).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSchema } from './check.ts';
import { emitFile } from './emit.ts';
import { readRequest } from './request.ts';

const folder = process.argv[2] ?? '.';
try {
  const files = readRequest(readFileSync(0));
  checkSchema(files);
  for (const file of files) writeFileSync(join(folder, `${file.name}.ts`), emitFile(file));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
