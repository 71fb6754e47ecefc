import { join } from 'node:path';
import { startExample, type ExampleProcess } from '../../support/example.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { makeImage } from './images.js';

/** An image that is mounted by the example, in a process of its own. */
export class MountedImage {
  readonly temporary = temporaryDirectory();
  /** Beside the mount point: what a test may move and cut. */
  readonly image: string;
  readonly mountPoint: string;
  #example: ExampleProcess | undefined;

  constructor(kibibytes: number, ...args: string[]) {
    const directory = this.temporary.directory('stick');
    this.image = makeImage(join(directory, 'disk.img'), kibibytes, ...args);
    this.mountPoint = this.temporary.directory('mount');
  }

  get example(): ExampleProcess {
    if (this.#example === undefined) throw new Error(`${this.image} is not mounted`);
    return this.#example;
  }

  async mount(...args: string[]): Promise<this> {
    this.#example = await startExample('imagefs', this.mountPoint, {
      args: ['--image', this.image, ...args],
    });
    return this;
  }

  /** A path in the volume. */
  path(...names: string[]): string {
    return join(this.mountPoint, ...names);
  }

  /** As a user does it: the process ends with 0, the mount is gone. */
  async unmount(): Promise<void> {
    const example = this.example;
    this.#example = undefined;
    await example.stop();
  }

  /** SIGKILL; the dead mount is taken away. */
  async kill(): Promise<void> {
    const example = this.example;
    this.#example = undefined;
    example.kill();
    await example.exit;
    example.cleanUp();
  }

  remove(): void {
    this.#example?.cleanUp();
    this.temporary.remove();
  }
}
