import { describeError } from '../service/errors.js';
import { Service } from '../service/service.js';
import { outliveReaders } from './output.js';

export interface RunOptions {
  readonly config: string;
  readonly keepMounts: boolean;
}

/** Runs the service until a signal or a request ends it. */
export async function runService({ config, keepMounts }: RunOptions): Promise<void> {
  outliveReaders();
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const starting = Service.start({ config, say });
  // A signal while it starts does not end it half way.
  const end = (): void => {
    starting.then((service) => void service.shutdown(keepMounts)).catch(() => undefined);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('SIGHUP', () => {
    starting
      .then((service) => service.reload())
      .catch((error: unknown) => {
        say(`error: nothing has changed: ${describeError(error).message}`);
      });
  });
  const service = await starting;
  process.stdout.write(`service runs (process ${process.pid}), ${config}\n`);
  await service.ended;
  // Processes that it has started may go on; they do not keep it.
  process.exit();
}
