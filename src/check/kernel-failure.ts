/** What a kernel throws where a call has no result because of the filesystem under test: a finding, not an error of ours. */
export class KernelFailure extends Error {
  override readonly name = 'KernelFailure';
  /** What it is counted by. */
  readonly difference: string;

  constructor(difference: string, message: string) {
    super(message);
    this.difference = difference;
  }
}
