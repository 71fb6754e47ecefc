/** Builds what is out of date and returns where everything is. */
export function buildSimulator(): Promise<{
  directory: string;
  library: string;
  scriptedVolume: string;
}>;
