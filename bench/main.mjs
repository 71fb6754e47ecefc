import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { measureMicro } from './micro.mjs';
import { microTable } from './table.mjs';

const command = new Command('bench')
  .description('How fast node-dokan is beside others. Build the package first: npm run build')
  .option('--rounds <number>', 'interleaved runs of each peer', Number, 5)
  .option('--milliseconds <number>', 'that a row takes in a round', Number, 1_000)
  .option('--only <pattern>', 'rows whose name matches', (text) => new RegExp(text), /./)
  .option('--save', 'keep the results, and put the table into README.md', false)
  .parse();
const options = command.opts();

const machine = `${cpus().length} x ${cpus()[0]?.model}, Linux ${release()}, Node ${process.versions.node}`;
const date = new Date().toISOString().slice(0, 10);
const results = await measureMicro(options);
const table = microTable(results);
const heading = `${date}, ${machine}; ${options.rounds} rounds of ${options.milliseconds} ms a row`;
console.log(`${heading}\n\n${table}`);
if (options.save) {
  const directory = join(import.meta.dirname, 'results');
  mkdirSync(directory, { recursive: true });
  const { rounds, milliseconds } = options;
  const record = { date, machine, rounds, milliseconds, results };
  writeFileSync(join(directory, `${date}.json`), `${JSON.stringify(record, undefined, 1)}\n`);
  const readme = join(import.meta.dirname, 'README.md');
  const text = readFileSync(readme, 'utf8');
  const marked = /(<!-- latest -->\n)[^]*(<!-- end -->)/;
  writeFileSync(
    readme,
    text.replace(marked, (_, start, end) => `${start}\n${heading}\n\n${table}\n\n${end}`),
  );
}
