#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT } from './exit_codes.js';
import { quitWhenNobodyReads, reportError } from './output.js';
import { makeProgram } from './program.js';

quitWhenNobodyReads();
try {
  await makeProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // It has said what is wrong, or has shown its help.
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else {
    process.exitCode = reportError(error);
  }
}
