#!/usr/bin/env node
import { mkdir } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { OptionError } from '../errors.js';
import { isRunning, thisProcess } from '../mounts/process_identity.js';
import { mount } from '../mount.js';
import type { DokanOperations } from '../operations.js';
import { exampleCommandLine } from './example_command_line.js';
import { exampleProgram } from './example_programs.js';
import type { MountSpec } from './entry.js';
import { readProcessOf, readSpec, writeProcess } from './record.js';

/**
 * The program of the processes that serve the service's volumes: `runner.js SPEC-FILE POINT`, where the
 * point is for people who look at the list of processes. Exit codes: 1 mounting failed, 2 it never
 * will.
 */

const EXIT_FAILED = 1;
const EXIT_WRONG = 2;

async function run(specFile: string): Promise<void> {
  const served = readSpec(specFile);
  const self = await thisProcess();
  if (served === undefined || self === undefined) throw new Error(`${specFile} cannot be read`);
  const before = readProcessOf(specFile);
  // Started by a service that was killed before it could be told of the other one.
  if (before !== undefined && before.process.id !== self.id && (await isRunning(before.process))) {
    throw new Error(`Process ${before.process.id} serves ${served.spec.point} already`);
  }
  const record = { process: self, hash: served.hash };
  writeProcess(specFile, record);
  process.on('exit', (exitCode) => {
    try {
      const left = readProcessOf(specFile)?.process;
      // Another one may serve the place by now, or the service has tidied up.
      if (left?.id !== self.id || left.started !== self.started) return;
      writeProcess(specFile, { ...record, exitCode });
    } catch {
      // The disk is full: then nobody knows, and the exit code itself is not to change.
    }
  });
  await serve(served.spec);
}

async function serve(spec: MountSpec): Promise<void> {
  const { program } = spec;
  if ('module' in program) return serveModule(program.module, spec);
  const { path, url } = exampleProgram(program.example);
  process.argv.splice(1, Infinity, path, ...exampleCommandLine(spec));
  await import(url);
}

async function serveModule(path: string, spec: MountSpec): Promise<void> {
  const { default: made } = (await import(pathToFileURL(path).href)) as { default?: unknown };
  const operations: unknown =
    typeof made === 'function' ? await (made as (args: unknown) => unknown)(spec.arguments) : made;
  if (typeof operations !== 'object' || operations === null) {
    const message = `The default export of ${path} must be operations, or a function that makes them`;
    throw new OptionError('module', message);
  }
  if (process.platform !== 'win32') await makeMissing(spec.point);
  const volume = await mount(spec.point, operations as DokanOperations, {
    ...spec.options,
    unmountOnSignal: true,
  });
  // A defect in a callback fails one request; the volume lives on.
  volume.on('error', (error) => console.error(error));
  const { reason } = await volume.closed;
  console.error(`${volume.mountPoint} is gone: ${reason}`);
  if (reason === 'lost') process.exitCode = EXIT_FAILED;
  // The module may have left timers or sockets, which would keep the process.
  process.exit();
}

/** Its parents are not made: they would be a mistyped path more often than not. */
async function makeMissing(point: string): Promise<void> {
  try {
    await mkdir(point);
  } catch {
    // It is there (the remains of a dead mount as well); for anything else mount has the better words.
  }
}

try {
  await run(process.argv[2] ?? '');
} catch (error) {
  const known = error instanceof Error && 'code' in error;
  console.error(`error: ${known ? error.message : String((error as Error).stack)}`);
  process.exit(error instanceof OptionError ? EXIT_WRONG : EXIT_FAILED);
}
