import { join } from 'node:path';
import { buildSimulator } from '../simulator/build.mjs';
import { buildDirectory, withLock } from './wine.js';

/** What the build of the simulator made. */
export interface SimulatorFiles {
  /** The directory with dokan2.dll. */
  readonly directory: string;
  readonly library: string;
  /** scripted_volume.exe */
  readonly scriptedVolume: string;
}

let built: Promise<SimulatorFiles> | undefined;

/** Builds dokan2.dll and scripted_volume.exe as far as they are out of date. */
export function simulatorFiles(): Promise<SimulatorFiles> {
  // Test files run in processes of their own, side by side.
  built ??= withLock(join(buildDirectory, 'simulator'), buildSimulator);
  return built;
}
