/** The service cannot do what was asked of it. The message says what to do. */
export class ServiceError extends Error {
  override readonly name: string = 'ServiceError';
  /** `'ERR_SERVICE_RUNNING'`, `'ERR_SERVICE_NOT_RUNNING'`, `'ERR_SERVICE_DIRECTORY'`, ... */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The configuration cannot be used; nothing of it has been. */
export class ConfigError extends ServiceError {
  override readonly name = 'ConfigError';
  readonly file: string;
  /** Which entry, from 0; undefined when it is about the whole file. */
  readonly entry: number | undefined;
  /** Name of the field: `'options.timeout'`. */
  readonly field: string | undefined;

  constructor(file: string, entry: number | undefined, field: string | undefined, problem: string) {
    const where = [
      file,
      ...(entry === undefined ? [] : [`mounts[${entry}]`]),
      ...(field === undefined ? [] : [field]),
    ];
    super('ERR_SERVICE_CONFIG', `${where.join(', ')}: ${problem}`);
    this.file = file;
    this.entry = entry;
    this.field = field;
  }
}

/** The code and the text of whatever was thrown. */
export function describeError(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: 'ERR_UNKNOWN', message: String(error) };
  const { code } = error as { code?: unknown };
  return { code: typeof code === 'string' ? code : 'ERR_UNKNOWN', message: error.message };
}
