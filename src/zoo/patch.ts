/** A change of one file. */
export interface Patch {
  /** Below src. */
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

const isBlank = (character: string): boolean => /\s/.test(character);

/** The text without blanks, and where in the text each character of it is. */
function squeezed(text: string): { readonly characters: string; readonly places: readonly number[] } {
  let characters = '';
  const places: number[] = [];
  for (let i = 0; i < text.length; i++)
    if (!isBlank(text[i])) {
      characters += text[i];
      places.push(i);
    }
  return { characters, places };
}

/** The text with the bug in it. @throws where what is to be changed is not there exactly once */
export function patched(text: string, { file, before, after }: Patch): string {
  const { characters, places } = squeezed(text);
  const wanted = squeezed(before).characters;
  const at = characters.indexOf(wanted);
  const again = at < 0 ? -1 : characters.indexOf(wanted, at + 1);
  if (at < 0 || again >= 0)
    throw new Error(`${file}: expected exactly once, found ${at < 0 ? 'nowhere' : 'more than once'}: ${before}`);
  return text.slice(0, places[at]) + after + text.slice(places[at + wanted.length - 1] + 1);
}
