// Module hooks: `./name.js` in TypeScript means `./name.ts`, `node-dokan` the sources in lib, and
// types are taken out on loading. What comes of that is kept in build/transpiled/: the compiler takes
// seconds, and every target starts a process.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const library = new URL('../../../lib/index.ts', import.meta.url).href;
const kept = new URL('../../../build/transpiled/', import.meta.url);

export async function resolve(specifier, context, next) {
  if (specifier === 'node-dokan') return { url: library, shortCircuit: true };
  if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL !== undefined) {
    const source = new URL(`${specifier.slice(0, -'.js'.length)}.ts`, context.parentURL);
    if (existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const fileName = fileURLToPath(url);
  const text = readFileSync(fileName, 'utf8');
  const key = createHash('sha256').update(fileName).update('\0').update(text).digest('hex');
  const result = new URL(`${key}.js`, kept);
  if (existsSync(result)) {
    return { format: 'module', source: readFileSync(result, 'utf8'), shortCircuit: true };
  }
  const source = await transpile(fileName, text);
  mkdirSync(kept, { recursive: true });
  // Others may be at it, too: nobody is to see a part of it.
  const unfinished = new URL(`${key}.${process.pid}`, kept);
  writeFileSync(unfinished, source);
  renameSync(unfinished, result);
  return { format: 'module', source, shortCircuit: true };
}

async function transpile(fileName, text) {
  const { default: typescript } = await import('typescript');
  const compilerOptions = {
    target: typescript.ScriptTarget.ES2022,
    module: typescript.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    inlineSourceMap: true,
  };
  return typescript.transpileModule(text, { compilerOptions, fileName }).outputText;
}
