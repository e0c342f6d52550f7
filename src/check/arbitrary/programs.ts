import { Arbitrary, type Random, Stream, Value } from 'fast-check';
import type { Program } from '../program.ts';
import { Draw } from './draw.ts';
import { type GeneratorOptions, generateProgram } from './generator.ts';
import { simplerPrograms } from './simplify.ts';

class ProgramArbitrary extends Arbitrary<Program> {
  readonly #options: GeneratorOptions;

  constructor(options: GeneratorOptions) {
    super();
    this.#options = options;
  }

  override generate(random: Random): Value<Program> {
    return new Value(generateProgram(new Draw(random), this.#options), undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is Program {
    return typeof value === 'object' && value !== null && 'steps' in value;
  }

  override shrink(value: Program): Stream<Value<Program>> {
    return new Stream(simplerPrograms(value)).map((program) => new Value(program, undefined));
  }
}

/**
 * An arbitrary of programs of system calls, for fast-check properties of your own.
 *
 * @example fc.assert(fc.property(programs({ without: new Set(['xattrs']) }), (program) => ...))
 */
export function programs(options: GeneratorOptions = {}): Arbitrary<Program> {
  return new ProgramArbitrary(options);
}
