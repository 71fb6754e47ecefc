// Cross-compiles the simulator with mingw-w64 into build/simulator/, as far as sources are newer:
// dokan2.dll, and scripted_volume.exe for the tests of the simulator itself.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const output = join(root, 'build', 'simulator');

const compiler = 'x86_64-w64-mingw32-g++-posix';
const compilerFlags = [
  ...['-std=c++20', '-O2', '-g1', '-Wall', '-Wextra', '-Werror'],
  ...['-DUNICODE', '-D_UNICODE', '-D_WIN32_WINNT=0x0a00', '-I', output],
];
// Static: nothing but Windows' own libraries is needed where it runs.
const linkerFlags = ['-static', '-g1'];
const libraries = ['-lws2_32', '-ladvapi32', '-lntdll'];
const parallel = 2;

/** 0 for what is not there, which is older than everything. */
function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function files(directory, extension) {
  return readdirSync(join(here, directory))
    .filter((name) => name.endsWith(extension))
    .map((name) => join(here, directory, name));
}

/** The rows of DokanNtStatusFromWin32, from the same recording the other tests read. */
function generateStatusTable() {
  const source = join(root, 'test', 'data', 'win32-status.json');
  const target = join(output, 'win32_status.inc');
  if (modified(target) > modified(source)) return target;
  const rows = JSON.parse(readFileSync(source, 'utf8'));
  writeFileSync(target, rows.map(([error, status]) => `{${error}, ${status}},\n`).join(''));
  return target;
}

async function compile(source, newestHeader) {
  const object = join(output, `${basename(dirname(source))}_${basename(source, '.cc')}.o`);
  if (modified(object) < Math.max(modified(source), newestHeader)) {
    await run(compiler, [...compilerFlags, '-c', source, '-o', object]);
  }
  return object;
}

async function compileAll(sources, newestHeader) {
  const waiting = [...sources];
  const objects = [];
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
        objects.push(await compile(source, newestHeader));
      }
    }),
  );
  return objects.sort();
}

async function link(target, objects, ...flags) {
  const newest = Math.max(...[...objects, ...flags].map(modified));
  if (modified(target) < newest) {
    await run(compiler, [...linkerFlags, ...flags, ...objects, ...libraries, '-o', target]);
  }
  return target;
}

/** Builds what is out of date and returns where everything is. */
export async function buildSimulator() {
  mkdirSync(output, { recursive: true });
  const headers = [...files('dll', '.h'), ...files('script', '.h'), generateStatusTable()];
  const newestHeader = Math.max(
    ...[...headers, fileURLToPath(import.meta.url)].map((path) => modified(path)),
  );
  const libraryObjects = await compileAll(files('dll', '.cc'), newestHeader);
  const library = await link(
    join(output, 'dokan2.dll'),
    libraryObjects,
    '-shared',
    join(here, 'dll', 'dokan2.def'),
  );
  // The program takes its script the way the library takes its orders.
  const shared = libraryObjects.filter((path) =>
    /dll_(?:json_\w+|connection|server|sync)\.o$/.test(path),
  );
  const scripted = await compileAll(files('script', '.cc'), newestHeader);
  const scriptedVolume =
    scripted.length > 0
      ? await link(join(output, 'scripted_volume.exe'), [...scripted, ...shared])
      : '';
  return { directory: output, library, scriptedVolume };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const built = await buildSimulator();
    console.log(built.library);
  } catch (error) {
    console.error(error.stderr ?? error);
    process.exit(1);
  }
}
