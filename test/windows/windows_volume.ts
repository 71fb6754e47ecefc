import { mkdirSync, symlinkSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { eventually, within } from '../support/eventually.js';
import { examplePath, type ExampleName } from '../support/example.js';
import { simulatorFiles } from '../support/simulator_build.js';
import { windowsAddon } from '../support/windows_addon.js';
import {
  projectRoot,
  startWindows,
  windowsNode,
  windowsPath,
  type NodeMajor,
  type WindowsProcess,
} from '../support/wine.js';
import { SimulatorClient, simulatorPort } from '../simulator/client.js';
import { checkUse } from './extensions.js';

/** The drive letter every volume gets: each process has a simulator, and thus letters, of its own. */
const DRIVE = 'M:';

/** The library under the Windows side: another one in NODE_DOKAN_TEST_LIBRARY, or the simulator. */
export async function testLibrary(): Promise<string> {
  const given = process.env['NODE_DOKAN_TEST_LIBRARY'];
  if (given === undefined || given === '') return (await simulatorFiles()).library;
  return isAbsolute(given) ? given : join(projectRoot, given);
}

/**
 * What tells node-gyp-build, which would find the addon for Linux, where the one for Windows is. Notes
 * about mounts are kept in the same place, where no other test finds them.
 */
export async function addonEnvironment(scratch: string): Promise<NodeJS.ProcessEnv> {
  const directory = join(scratch, 'prebuilds', 'win32-x64');
  mkdirSync(directory, { recursive: true });
  symlinkSync(await windowsAddon(), join(directory, 'node.napi.node'));
  return {
    NODE_DOKAN_PREBUILD: windowsPath(scratch),
    NODE_DOKAN_RUNTIME_DIR: windowsPath(join(scratch, 'notes')),
  };
}

export interface WindowsVolumeOptions {
  readonly node?: NodeMajor;
  /** Arguments beside those every example gets. */
  readonly args?: readonly string[];
  /** A directory for what the volume's processes leave: the simulator's port. */
  readonly scratch: string;
}

/** An example that runs in Windows' Node and is mounted by the simulator. */
export class WindowsVolume {
  readonly name: ExampleName;
  /** Where the simulator takes orders. */
  readonly port: number;
  readonly process: WindowsProcess;
  readonly #client: SimulatorClient;

  private constructor(
    name: ExampleName,
    port: number,
    process: WindowsProcess,
    client: SimulatorClient,
  ) {
    this.name = name;
    this.port = port;
    this.process = process;
    this.#client = client;
  }

  static async start(name: ExampleName, options: WindowsVolumeOptions): Promise<WindowsVolume> {
    const { node = 20, args = [], scratch } = options;
    const portFile = join(scratch, 'simulator-port');
    const library = windowsPath(await testLibrary());
    const program = windowsPath(examplePath(name));
    const process = await startWindows(
      await windowsNode(node),
      [program, '--mount', DRIVE, '--library-path', library, ...args],
      {
        env: {
          DOKAN_SIMULATOR_PORT_FILE: windowsPath(portFile),
          ...(await addonEnvironment(scratch)),
        },
      },
    );
    const ended = process.exit.then(() => {
      throw new Error(`it ended\n${report(process)}`);
    });
    try {
      const port = await Promise.race([simulatorPort(portFile), ended]);
      const mounted = eventually(
        `the line "mounted ${DRIVE}"`,
        () => process.stdout.split('\n').includes(`mounted ${DRIVE}`),
        30_000,
      );
      await Promise.race([mounted, ended]);
      ended.catch(() => undefined);
      return new WindowsVolume(name, port, process, await SimulatorClient.connect(port));
    } catch (error) {
      process.kill();
      throw new Error(`${name} under Wine: ${String(error)}\n${report(process)}`, { cause: error });
    }
  }

  /**
   * Takes the drive away, as another program on Windows would, and waits for the example to end.
   * @throws Error unless every open was closed, nothing was misused, and it ended with 0
   */
  async stop(): Promise<void> {
    try {
      await eventually('every open to be closed', async () => {
        const { opens, requests } = await this.#client.must('counters');
        // The order that asks is one of the requests.
        return opens === 0 && requests <= 1;
      });
      const counters = await this.#client.must('counters');
      await this.#client.must('unmountOutside', { mountPoint: DRIVE });
      const { code } = await within('the end of the example', 30_000, this.process.exit);
      if (code !== 0) throw new Error(`it ended with ${String(code)}`);
      checkUse(counters);
    } catch (error) {
      const message = `${this.name} under Wine: ${String(error)}\n${report(this.process)}`;
      throw new Error(message, { cause: error });
    } finally {
      this.kill();
    }
  }

  /** Ends it, whatever state it is in. */
  kill(): void {
    this.#client.close();
    if (this.process.running) this.process.kill();
  }
}

function report({ child, stdout, stderr }: WindowsProcess): string {
  return `exit code ${String(child.exitCode)}, signal ${String(child.signalCode)}\nstdout:\n${stdout}\nstderr:\n${stderr}`;
}
