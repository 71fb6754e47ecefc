import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The programs that are compared, compiled into build/. What cannot be had is missing, with its reason. */

const here = import.meta.dirname;
export const build = join(here, 'build');

/** Where Debian puts the sources of Go packages. */
const GO_PATH = '/usr/share/gocode';
const GO_FUSE = join(GO_PATH, 'src/github.com/hanwen/go-fuse');

/** What libfuse's own build finds out about a Linux of today. */
const CONFIGURED = ['UTIMENSAT', 'POSIX_FALLOCATE', 'SETXATTR'].map((name) => `-DHAVE_${name}`);

/** What is not on this machine: the reason by name. */
export const missing = new Map();

/** Programs are compiled once a run. */
const compiled = new Map();

function once(name, make) {
  if (!compiled.has(name)) {
    mkdirSync(build, { recursive: true });
    try {
      compiled.set(name, make());
    } catch (error) {
      compiled.set(name, undefined);
      missing.set(name, firstLine(String(error.stderr ?? '') || error.message));
    }
  }
  return compiled.get(name);
}

const firstLine = (text) => text.trim().split('\n')[0];

const flagsOf = (packages) =>
  packages.length === 0
    ? []
    : execFileSync('pkg-config', ['--cflags', '--libs', ...packages], {
        encoding: 'utf8',
        stdio: 'pipe',
      })
        .trim()
        .split(/\s+/);

/** Compiles a program of native/. @returns its path; undefined when what it needs is not installed */
export function compile(name, packages = []) {
  return once(name, () => {
    const program = join(build, name);
    const common = ['-std=gnu17', '-O2', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-pthread'];
    const source = join(here, 'native', `${name}.c`);
    execFileSync('gcc', [...common, '-o', program, source, ...flagsOf(packages)], {
      stdio: 'pipe',
    });
    return program;
  });
}

/**
 * Compiles one of libfuse's own examples.
 * @param directories - where its sources may lie
 * @param change - what is done to the source before
 */
export function compileExample(file, directories, change = (text) => text) {
  const name = file.replace(/\..*$/, '');
  return once(name, () => {
    const directory = directories.find((candidate) => existsSync(join(candidate, file)));
    if (directory === undefined) {
      throw new Error(`${file} is not in ${directories.join(', ')}: see --libfuse-examples`);
    }
    const source = join(build, file);
    writeFileSync(source, change(readFileSync(join(directory, file), 'utf8')));
    const program = join(build, name);
    const [compiler, standard] = file.endsWith('.c') ? ['gcc', 'gnu17'] : ['g++', 'gnu++17'];
    const flags = ['-O2', `-std=${standard}`, ...CONFIGURED, `-I${directory}`];
    execFileSync(compiler, [...flags, '-o', program, source, ...flagsOf(['fuse3'])], {
      stdio: 'pipe',
    });
    return program;
  });
}

/** Compiles a program of peers/ against Debian's go-fuse. */
export function compileGo(name) {
  return once(name, () => {
    if (!existsSync(GO_FUSE)) {
      throw new Error('apt-get install golang-go golang-github-hanwen-go-fuse-dev');
    }
    // With a go.mod beside it the /v2 of import paths is understood without modules, too.
    const directory = join(build, 'go', 'src', name);
    mkdirSync(directory, { recursive: true });
    copyFileSync(join(here, 'peers', name, 'main.go'), join(directory, 'main.go'));
    writeFileSync(join(directory, 'go.mod'), `module ${name}\n\ngo 1.13\n`);
    const program = join(build, name);
    const env = {
      ...process.env,
      GO111MODULE: 'off',
      GOFLAGS: '',
      GOCACHE: join(build, 'go', 'cache'),
      GOPATH: `${join(build, 'go')}:${GO_PATH}`,
    };
    execFileSync('go', ['build', '-o', program, '.'], { cwd: directory, env, stdio: 'pipe' });
    return program;
  });
}

/** Whether a package of bench/node_modules is there. */
export function isInstalled(name) {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    missing.set(name, `npm install in ${here}`);
    return false;
  }
}
