/**
 * Edge detection over a folder of photographs, on a fleet of local processes that grows from zero and returns to zero.
 *
 *   npm start                    the 26 photographs that two MIT-licensed packages ship
 *   npm start -- ~/Pictures      your own (JPEG)
 *   npm start -- --out DIR …     where the edge images and the contact sheet go (default: out/edges)
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import jpeg from 'jpeg-js';
import { connect } from 'muster';
import { startFleet, type Fleet } from 'muster/fleet';
import { CELL, detect, type Edges, type Photo } from './detect.ts';
import { grid } from './image.ts';
import { findPhotos } from './photos.ts';
import { FleetLog, printSummary } from './fleet-log.ts';

const COLUMNS = 6;
const EMPTY_WITHIN_MS = 60_000;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Reads each photograph only when the fleet has room for it. */
async function* read(paths: readonly string[]): AsyncGenerator<Photo> {
  for (const path of paths) yield { name: basename(path), bytes: await readFile(path) };
}

const detectAll = async (
  fleet: Fleet,
  log: FleetLog,
  paths: readonly string[],
  folder: string,
): Promise<Edges[]> => {
  await using client = await connect({ address: fleet.address });
  const found: Edges[] = [];
  let ended = 0;
  for await (const outcome of client.map(detect, read(paths), { ordered: false, settle: true })) {
    const count = `${String(++ended).padStart(3)}/${paths.length}`;
    const name = basename(paths[outcome.index] ?? '');
    if (outcome.status === 'rejected') {
      log.line(`${count}  ${name.padEnd(24)} cannot be read: ${messageOf(outcome.reason)}`);
      process.exitCode = 1;
      continue;
    }
    const { value } = outcome;
    await writeFile(join(folder, `${value.name.replace(/\.jpe?g$/i, '')}-edges.jpg`), value.bytes);
    found.push(value);
    const size = `${((value.width * value.height) / 1e6).toFixed(1)} MP`;
    log.line(
      `${count}  ${name.padEnd(24)} ${size.padStart(7)}  ${(value.edgeShare * 100).toFixed(1)} % edges`,
    );
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
};

const writeContactSheet = async (found: readonly Edges[], path: string): Promise<void> => {
  const cells = found.flatMap(({ photoThumbnail, edgesThumbnail }) => [photoThumbnail, edgesThumbnail]);
  await writeFile(path, jpeg.encode(grid(cells, COLUMNS, CELL.width, CELL.height), 90).data);
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    options: { out: { type: 'string', default: join('out', 'edges') } },
    allowPositionals: true,
  });
  const paths = await findPhotos(positionals[0]);
  await mkdir(values.out, { recursive: true });
  const startedAt = performance.now();
  await using fleet = await startFleet({
    policyContent: 'allocate=even_load; scaling=vanilla; upper_task_ratio=4; lower_task_ratio=1',
  });
  const log = new FleetLog(fleet);
  log.line(`${paths.length} photographs; the fleet is empty`);
  const found = await detectAll(fleet, log, paths, values.out);
  const sheet = join(values.out, 'contact-sheet.jpg');
  await writeContactSheet(found, sheet);
  const last = await log.untilEmpty(EMPTY_WITHIN_MS);
  await fleet.stop();
  printSummary(last, log.reasons, (performance.now() - startedAt) / 1000);
  log.line(`${found.length} edge images and ${sheet} written`);
  if (last.groupsPeak < 2 && paths.length > 8)
    throw new Error(
      `the fleet never had two groups (peak ${last.groupsPeak}): it did not grow with the work`,
    );
};

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
