/** An exact number: a fraction with a denominator above 0. */
interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

export type Calculated =
  | { readonly kind: 'value'; readonly text: string }
  /** An expression without a value: something is divided by zero. */
  | { readonly kind: 'undefined' }
  | { readonly kind: 'not an expression' };

/** Most digits behind the decimal point of a result; the last one is rounded half away from zero. */
const DECIMALS = 20;

class NotAnExpression extends Error {}
class DivisionByZero extends Error {}

/**
 * The value of an arithmetic expression, exactly: decimal numbers, `+`, `-`, `*`, division as `:` or `÷` (a file name
 * holds no `/`), unary minus and plus, parentheses, blanks. `*` and division bind tighter than `+` and `-`; equals go
 * from left to right.
 */
export function calculate(text: string): Calculated {
  try {
    return { kind: 'value', text: format(new Parser(text).parse()) };
  } catch (error) {
    if (error instanceof NotAnExpression) return { kind: 'not an expression' };
    if (error instanceof DivisionByZero) return { kind: 'undefined' };
    throw error;
  }
}

/** Recursive descent over `sum := product (('+' | '-') product)*`, `product := factor (('*' | ':' | '÷') factor)*`. */
class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Fraction {
    const value = this.#sum();
    if (this.#at < this.#text.length) throw new NotAnExpression();
    return value;
  }

  #sum(): Fraction {
    let value = this.#product();
    for (;;) {
      if (this.#take('+')) value = add(value, this.#product());
      else if (this.#take('-')) value = add(value, negate(this.#product()));
      else return value;
    }
  }

  #product(): Fraction {
    let value = this.#factor();
    for (;;) {
      if (this.#take('*')) value = multiply(value, this.#factor());
      else if (this.#take(':') || this.#take('÷')) value = multiply(value, invert(this.#factor()));
      else return value;
    }
  }

  #factor(): Fraction {
    if (this.#take('-')) return negate(this.#factor());
    if (this.#take('+')) return this.#factor();
    if (!this.#take('(')) return this.#number();
    const value = this.#sum();
    if (!this.#take(')')) throw new NotAnExpression();
    return value;
  }

  #number(): Fraction {
    const number = /(\d+)(?:\.(\d*))?|\.(\d+)/y;
    number.lastIndex = this.#at;
    const match = number.exec(this.#text);
    if (match === null) throw new NotAnExpression();
    this.#at = number.lastIndex;
    this.#skipBlanks();
    const decimals = match[2] ?? match[3] ?? '';
    return { over: BigInt((match[1] ?? '') + decimals), under: 10n ** BigInt(decimals.length) };
  }

  #take(character: string): boolean {
    this.#skipBlanks();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #skipBlanks(): void {
    while (this.#text[this.#at] === ' ') this.#at += 1;
  }
}

const add = (a: Fraction, b: Fraction): Fraction => ({
  over: a.over * b.under + b.over * a.under,
  under: a.under * b.under,
});

const negate = (a: Fraction): Fraction => ({ over: -a.over, under: a.under });

const multiply = (a: Fraction, b: Fraction): Fraction => ({ over: a.over * b.over, under: a.under * b.under });

function invert({ over, under }: Fraction): Fraction {
  if (over === 0n) throw new DivisionByZero();
  return over < 0n ? { over: -under, under: -over } : { over: under, under: over };
}

function format({ over, under }: Fraction): string {
  const magnitude = over < 0n ? -over : over;
  const scaled = (2n * magnitude * 10n ** BigInt(DECIMALS) + under) / (2n * under);
  const digits = scaled.toString().padStart(DECIMALS + 1, '0');
  const decimals = digits.slice(-DECIMALS).replace(/0+$/, '');
  const sign = over < 0n && scaled > 0n ? '-' : '';
  return sign + digits.slice(0, -DECIMALS) + (decimals === '' ? '' : `.${decimals}`);
}
